using System.Diagnostics;
using System.Text.Json;
using Strata.Client;
using Strata.Core;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>
/// The READMEs of the client libraries, and their code in docs/entities/compute.md, run as they stand there: first the commands, in an
/// organization of its own, then the code as one program, which ends up as a compute member and is called.
/// </summary>
public sealed class SdkPagesTests(SharedCloud cloud) : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("strata-sdk-pages-").FullName;

    public void Dispose() => Folder.Delete(folder);

    [Theory]
    [InlineData("ts", "sdk/typescript/README.md")]
    [InlineData("python", "sdk/python/README.md")]
    [InlineData("csharp", "sdk/dotnet/README.md")]
    public async Task Page_RunFromItsText_DoesWhatItSays(string language, string readme)
    {
        var code = new DocumentedCode(readme);
        var programs = new DocumentedPrograms(folder);
        var made = (await cloud.RunAsync("orgs", "create", "sdk-" + language, "--json")).ShouldSucceed().Json;
        var token = made.GetProperty("token").GetString()!;
        await Script.RunAsync("bash", ["-euc", "export PATH=\"$0:$PATH\"\n" + code.Program("sh"), ProgramFolder()], folder, Access(token));
        using var client = new StrataClient(cloud.ApiUrl, token);

        await using (var run = new RunningProgram(await programs.MakeAsync(code, language), Access(token)))
        {
            var (order, payment) = await ChargeAsync(client, run);
            Assert.Equal(129.95m, payment.GetProperty("amount").GetDecimal());
            Assert.Equal(order, payment.GetProperty("order").GetGuid());
            Assert.Equal(0, await run.StopAsync());
            var output = run.Output;
            Assert.Contains("NEW became PAID\n", output, StringComparison.Ordinal);
            Assert.Contains("Ada 900\nJane 129.95\n", output, StringComparison.Ordinal);
            Assert.Contains("change", output, StringComparison.Ordinal);
            Assert.Contains("default ACTIVE\n", output, StringComparison.Ordinal);
            Assert.Contains("TRANSITION_NOT_FOUND\n", output, StringComparison.Ordinal);
        }

        var orders = client.Entities<JsonElement>("purchase");
        await orders.TransitionAsync(await orders.CreateAsync(JsonElement.Parse("""{"customer":"Eve","amount":7}""")), "pay");
        await using var member = new RunningProgram(
            await programs.MakeAsync(new DocumentedCode("docs/entities/compute.md"), language), Access(token));
        await ChargeAsync(client, member);
    }

    /// <summary>
    /// Takes the transition that needs the member, once it has joined; the entity, and the data of the payment that it made.
    /// </summary>
    private static async Task<(Guid Order, JsonElement Payment)> ChargeAsync(StrataClient client, RunningProgram program)
    {
        await Wait.UntilAsync(async () =>
        {
            Assert.False(program.HasEnded, program.Output);
            using var members = await client.SendAsync(HttpMethod.Get, "/api/v1/compute/members");
            return members!.RootElement.GetProperty("items").GetArrayLength() == 1;
        }, "the page's member has joined");
        var orders = client.Entities<JsonElement>("purchase");
        var paid = JsonText.FromString("""{"type":"lifecycle","field":"state","operatorType":"EQUALS","value":"PAID"}""");
        var order = await orders.SearchAsync(paid, new SearchOptions(Limit: 1)).SingleAsync();
        await orders.TransitionAsync(order.Meta.Id, "charge");
        var charged = await orders.GetAsync(order.Meta.Id);
        Assert.Equal("CHARGED", charged.Meta.State);
        var payment = await client.Entities<JsonElement>("payment").GetAsync(charged.Data.GetProperty("payment").GetGuid());
        Assert.Equal(charged.Meta.TransactionId, payment.Meta.TransactionId);
        return (order.Meta.Id, payment.Data);
    }

    private (string, string)[] Access(string token) =>
        [("STRATA_URL", cloud.ApiUrl.ToString()), ("STRATA_TOKEN", token), ("STRATA_HOME", cloud.Home), ("NO_COLOR", "1")];

    private string ProgramFolder()
    {
        var bin = Directory.CreateDirectory(Path.Combine(folder, "bin")).FullName;
        File.CreateSymbolicLink(Path.Combine(bin, "strata"), Cloud.Program);
        return bin;
    }

    /// <summary>A program of a page, until it is stopped.</summary>
    private sealed class RunningProgram : IAsyncDisposable
    {
        private readonly Process process;
        private readonly System.Text.StringBuilder output = new();

        public RunningProgram(DocumentedPrograms.Command command, (string Name, string Value)[] environment)
        {
            var start = new ProcessStartInfo(command.Program, command.Arguments)
            {
                WorkingDirectory = command.Folder, RedirectStandardOutput = true, RedirectStandardError = true,
            };
            foreach (var (name, value) in environment.Concat(command.Environment)) start.Environment[name] = value;
            process = new Process { StartInfo = start };
            process.OutputDataReceived += (_, line) => Add(line.Data);
            process.ErrorDataReceived += (_, line) => Add(line.Data);
            process.Start();
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
        }

        public bool HasEnded => process.HasExited;

        public string Output
        {
            get
            {
                lock (output) return output.ToString();
            }
        }

        /// <summary>Asks it to end; its exit code.</summary>
        public async Task<int> StopAsync()
        {
            using (Process.Start("kill", $"-TERM {process.Id}")) await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return process.ExitCode;
        }

        public async ValueTask DisposeAsync()
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }

        private void Add(string? line)
        {
            lock (output) output.Append(line).Append('\n');
        }
    }
}
