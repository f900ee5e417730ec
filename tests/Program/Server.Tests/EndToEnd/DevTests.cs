using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Strata.Client;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary><c>strata dev</c>: a member on this machine, started again when its files change, with its calls shown.</summary>
public sealed class DevTests(SharedCloud cloud) : IDisposable
{
    private const string Workflow = """
        {"importMode":"REPLACE","workflows":[{"version":"1.0","name":"w","initialState":"A","active":true,"states":{
          "A":{"transitions":[{"name":"go","next":"A","manual":true,"processors":[{"type":"externalized","name":"mark","executionMode":"SYNC","config":{"calculationNodesTags":"dev-test"}}]}]}}}]}
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("strata-dev-test-").FullName;
    private readonly ConcurrentQueue<string> lines = new();

    public void Dispose() => Folder.Delete(folder);

    [Fact]
    public async Task Member_Runs_IsStartedAgainWhenAFileChanges_AndItsCallsAreShown()
    {
        await PrepareAsync();
        await WriteMemberAsync("one");
        using var dev = cloud.Start(
            "dev", folder, "--command", $"PYTHONPATH='{Path.Combine(Script.Root, "sdk/python")}' /usr/bin/python3 member.py");
        foreach (var stream in new[] { dev.StandardOutput, dev.StandardError }) _ = CollectAsync(stream);
        await TakeAsync("one");
        await SeeAsync("processor mark");
        await SeeAsync("in   {\"text\":\"x\"}");
        await SeeAsync("out  {\"text\": \"one\"}");
        await WriteMemberAsync("two");
        await SeeAsync("member.py: started again");
        await TakeAsync("two");
        await SeeAsync("out  {\"text\": \"two\"}");
        await File.WriteAllTextAsync(Path.Combine(folder, "member.py"), "raise SystemExit(3)", TestContext.Current.CancellationToken);
        await SeeAsync("ended with exit code 3");
        using (Process.Start("kill", $"-TERM {dev.Id}")) await dev.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotContain(await cloud.Client.Resources("tokens").ListAsync().ToListAsync(TestContext.Current.CancellationToken),
            t => t.Name.StartsWith("dev-strata-dev-test", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Folder_ThatDoesNotTell_IsSaidWithTheNextStep()
    {
        var told = await cloud.RunAsync("dev", folder);
        Assert.Equal(1, told.ExitCode);
        Assert.Contains("NO_START_COMMAND", told.Error);
        Assert.Contains("strata dev --command", told.Error);
    }

    private async Task PrepareAsync()
    {
        await SendAsync(HttpMethod.Post, "/api/model/import/JSON/SAMPLE_DATA/dev-test/1", """{"text":"x"}""");
        await SendAsync(HttpMethod.Put, "/api/model/dev-test/1/lock", null);
        await SendAsync(HttpMethod.Post, "/api/model/dev-test/1/workflow/import", Workflow);
    }

    private Task SendAsync(HttpMethod method, string path, string? body) =>
        cloud.Client.SendAsync(new ApiRequest(method, path) { Body = body is null ? null : Encoding.UTF8.GetBytes(body) },
            TestContext.Current.CancellationToken);

    private Task WriteMemberAsync(string mark) => File.WriteAllTextAsync(Path.Combine(folder, "member.py"), $$"""
        from strata import Member, Strata
        member = Member(Strata(), tags=["dev-test"])

        @member.processor("mark")
        def mark(letter, call):
            return {"text": "{{mark}}"}

        member.run()
        """, TestContext.Current.CancellationToken);

    /// <summary>Until the member that writes the mark is the one that answers.</summary>
    private async Task TakeAsync(string mark)
    {
        var letters = cloud.Client.Entities<Letter>("dev-test");
        var id = await letters.CreateAsync(new Letter("x"));
        await Wait.UntilAsync(async () =>
        {
            try
            {
                await letters.UpdateAsync(id, new Letter("x"), new EntityWriteOptions("go"));
                return (await letters.GetAsync(id)).Data.Text == mark;
            }
            catch (Core.StrataException)
            {
                return false; // between two members
            }
        }, $"the member writes {mark}");
    }

    private Task SeeAsync(string text) => Wait.UntilAsync(
        () => lines.Any(l => l.Contains(text, StringComparison.Ordinal)), $"\"{text}\" is among\n{string.Join('\n', lines)}");

    private async Task CollectAsync(StreamReader stream)
    {
        while (await stream.ReadLineAsync() is { } line) lines.Enqueue(line);
    }

    private sealed record Letter(string Text);
}
