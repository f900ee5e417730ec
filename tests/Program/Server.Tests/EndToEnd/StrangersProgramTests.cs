using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>
/// The packages of the client libraries, as npm, pip and dotnet pack them, installed into empty projects: a program creates an entity,
/// finds it by a search, and serves a member. It finds the cloud by the local context.
/// </summary>
public sealed class StrangersProgramTests(SharedCloud cloud) : IDisposable
{
    private readonly Stranger stranger = new(cloud);

    public void Dispose() => stranger.Dispose();

    [Fact]
    [Trait("Duration", "Long")]
    public async Task TypeScript_PackageInAnEmptyProject_RunsAProgram()
    {
        stranger.Write("app/package.json", """{"name": "app", "private": true, "type": "module"}""");
        stranger.Write("app/app.js", TypeScript);
        await stranger.InstallNodeAsync("app", await Stranger.PackagesAsync("typescript"));
        Assert.Equal("paid Jane", (await stranger.RunAsync("app", "node", "app.js")).Trim());
        var package = (await File.ReadAllTextAsync(
            stranger.Path("app/node_modules/@strata/client/package.json"), TestContext.Current.CancellationToken)).Replace(" ", "");
        Assert.Contains("\"license\":\"Apache-2.0\"", package, StringComparison.Ordinal);
        Assert.Contains("\"types\":\"./dist/src/index.d.ts\"", package, StringComparison.Ordinal);
        foreach (var file in (string[])["README.md", "LICENSE", "dist/src/index.d.ts"])
            Assert.True(File.Exists(stranger.Path("app/node_modules/@strata/client/" + file)), file);
        Assert.False(Directory.Exists(stranger.Path("app/node_modules/@strata/client/dist/test")));
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task Python_WheelInAnEmptyProject_RunsAProgram()
    {
        stranger.Write("app/app.py", Python);
        await stranger.InstallPythonAsync("app", await Stranger.PackagesAsync("python"));
        Assert.Equal("paid Jane", (await stranger.RunAsync("app", stranger.Path("app/.venv/bin/python"), "app.py")).Trim());
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task DotNet_PackageInAnEmptyProject_RunsAProgram()
    {
        var packages = await Stranger.PackagesAsync("dotnet");
        var version = Path.GetFileNameWithoutExtension(packages.Single(p => p.Contains("Strata.Client.", StringComparison.Ordinal)))
            ["Strata.Client.".Length..];
        stranger.Write("app/nuget.config", $"""
            <configuration><packageSources><add key="strata" value="{Path.GetDirectoryName(packages[0])}" /></packageSources></configuration>
            """);
        stranger.Write("app/App.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable></PropertyGroup>
              <ItemGroup><PackageReference Include="Strata.Client" Version="{version}" /></ItemGroup>
            </Project>
            """);
        stranger.Write("app/Program.cs", DotNet);
        Assert.Equal("paid Jane", (await stranger.RunAsync("app", "dotnet", "run")).Trim());
        foreach (var package in packages) AssertComplete(package);
    }

    private static void AssertComplete(string package)
    {
        using var archive = System.IO.Compression.ZipFile.OpenRead(package);
        var files = archive.Entries.Select(e => e.FullName).ToHashSet();
        var name = Path.GetFileName(package).StartsWith("Strata.Core", StringComparison.Ordinal) ? "Strata.Core" : "Strata.Client";
        Assert.Superset(new HashSet<string> { "README.md", $"lib/net10.0/{name}.dll", $"lib/net10.0/{name}.xml" }, files);
        using var nuspec = new StreamReader(archive.GetEntry(name + ".nuspec")!.Open());
        var text = nuspec.ReadToEnd();
        foreach (var part in (string[])["<license type=\"expression\">Apache-2.0<", "<readme>README.md<", "<tags>", "<description>",
            "<repository "])
            Assert.Contains(part, text, StringComparison.Ordinal);
    }

    private static string Workflow(string tag) => """
        {"importMode":"REPLACE","workflows":[{"version":"1.0","name":"w","initialState":"NEW","active":true,"states":{
          "NEW":{"transitions":[{"name":"pay","next":"PAID","manual":true,"processors":[
            {"type":"externalized","name":"pay","executionMode":"SYNC","config":{"calculationNodesTags":"TAG"}}]}]},"PAID":{}}}]}
        """.Replace("TAG", tag, StringComparison.Ordinal);

    private static string TypeScript => $$"""
        import { Member, Strata, StrataError } from '@strata/client';

        const strata = new Strata(), model = 'stranger-ts', orders = strata.entities(model);
        await strata.request('POST', `/api/model/import/JSON/SAMPLE_DATA/${model}/1`, { body: { customer: 'x', note: 'x' } });
        await strata.request('PUT', `/api/model/${model}/1/lock`);
        await strata.request('POST', `/api/model/${model}/1/workflow/import`, { body: {{Workflow("stranger-ts")}} });
        const member = new Member(strata, { tags: ['stranger-ts'] }).processor('pay', order => ({ ...order, note: 'paid' }));
        const serving = member.run();
        const id = await orders.create({ customer: 'Jane', note: '' });
        for (let tries = 0; ; tries++) {
          try {
            await orders.transition(id, 'pay');
            break;
          } catch (error) {
            if (!(error instanceof StrataError) || error.code !== 'NO_COMPUTE_MEMBER_FOR_TAG' || tries === 100) throw error;
            await new Promise(done => setTimeout(done, 100));
          }
        }
        for await (const order of orders.search({ type: 'simple', jsonPath: '$.customer', operatorType: 'EQUALS', value: 'Jane' }))
          console.log(order.data.note, order.data.customer);
        member.stop();
        await serving;
        """;

    private static string Python => $$"""
        import json
        import threading

        from strata import Member, Strata

        strata, model = Strata(), "stranger-py"
        orders, member = strata.entities(model), Member(strata, tags=["stranger-py"])


        @member.processor("pay")
        def pay(order, call):
            return {**order, "note": "paid"}


        strata.request("POST", f"/api/model/import/JSON/SAMPLE_DATA/{model}/1", {"customer": "x", "note": "x"})
        strata.request("PUT", f"/api/model/{model}/1/lock")
        strata.request("POST", f"/api/model/{model}/1/workflow/import", json.loads('''{{Workflow("stranger-py")}}'''))
        serving = threading.Thread(target=member.run)
        serving.start()
        try:
            assert member.joined.wait(60)
            orders.transition(orders.create({"customer": "Jane", "note": ""}), "pay")
            for order in orders.search({"type": "simple", "jsonPath": "$.customer", "operatorType": "EQUALS", "value": "Jane"}):
                print(order.data["note"], order.data["customer"])
        finally:
            member.stop()
            serving.join()
        """;

    private static string DotNet => $$""""
        using System.Text;
        using Strata.Client;
        using Strata.Core;

        const string Model = "stranger-net";
        using var strata = StrataClient.FromEnvironment();
        await SendAsync(HttpMethod.Post, $"/api/model/import/JSON/SAMPLE_DATA/{Model}/1", """{"customer":"x","note":"x"}""");
        await SendAsync(HttpMethod.Put, $"/api/model/{Model}/1/lock", "");
        await SendAsync(HttpMethod.Post, $"/api/model/{Model}/1/workflow/import", """
            {{Workflow("stranger-net").Replace("\n", "\n    ", StringComparison.Ordinal)}}
            """);
        using var stop = new CancellationTokenSource();
        var joined = new TaskCompletionSource();
        var options = new MemberOptions { Tags = ["stranger-net"], OnJoined = () => joined.TrySetResult() };
        var serving = new ComputeMember(strata, options, new Payments()).RunAsync(stop.Token);
        await joined.Task.WaitAsync(TimeSpan.FromSeconds(60));
        var orders = strata.Entities<Order>(Model);
        await orders.TransitionAsync(await orders.CreateAsync(new Order("Jane", "")), "pay");
        var condition = JsonText.FromString("""{"type":"simple","jsonPath":"$.customer","operatorType":"EQUALS","value":"Jane"}""");
        await foreach (var order in orders.SearchAsync(condition)) Console.WriteLine($"{order.Data.Note} {order.Data.Customer}");
        await stop.CancelAsync();
        await serving;

        Task SendAsync(HttpMethod method, string path, string body) =>
            strata.SendAsync(new ApiRequest(method, path) { Body = body.Length == 0 ? null : Encoding.UTF8.GetBytes(body) });

        internal sealed record Order(string Customer, string Note);

        internal sealed class Payments
        {
            [Processor("pay")]
            public static Order Pay(Order order) => order with { Note = "paid" };
        }
        """";
}
