using System.Text.Json;
using Strata.Cli.Context;
using Strata.Cli.Shell;
using Strata.Cli.Tests.Commands;
using Strata.Core;

namespace Strata.Cli.Tests.Context;

/// <summary>Several clouds on one machine: how they are kept, chosen, signed in to and forgotten.</summary>
public sealed class ContextsTests : IDisposable
{
    private const string Local = "http://127.0.0.1:8080";
    private const string Far = "https://cloud.example";

    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    [Fact]
    public void File_OfOneContext_IsAsItAlwaysWas()
    {
        home.Write(Contexts.FileName, """{"server":"http://127.0.0.1:8080","token":"t","project":"shop"}""");
        var (read, expected) = (Contexts.Read(home.Path), new CliContext { Server = Local, Token = "t", Project = "shop" });
        Assert.Equal([expected], read.All);
        Assert.Equal(expected, read.Local);
        read.Save(home.Path);
        Assert.Equal([expected], Contexts.Read(home.Path).All);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(home.Path, Contexts.FileName)));
    }

    [Fact]
    public void Current_StandsWhereTheClientLibrariesReadIt_AndTheOthersAreKept()
    {
        Save(current: false);
        Assert.Equal((Local, "local"), TopOfFile());
        Contexts.Read(home.Path).With(Contexts.Read(home.Path).Get("far"), current: true).Save(home.Path);
        Assert.Equal((Far, "far"), TopOfFile());
        Assert.Equal("local", Contexts.Read(home.Path).Local?.Token);
        var left = Contexts.Read(home.Path).Without("far");
        Assert.Equal(["local"], left.All.Select(c => c.Name));
        left.Without("local").Save(home.Path);
        Assert.False(File.Exists(Path.Combine(home.Path, Contexts.FileName)));
        Assert.Equal("NO_CONTEXT", Assert.Throws<StrataException>(() => CliContext.Load(home.Path, null, null, null)).Error.Code);
    }

    [Theory]
    [InlineData(null, null, null, null, Far, "far")]
    [InlineData(null, "local", null, null, Local, "local")]
    [InlineData(null, "local", null, "given", Local, "local")] // a context is taken whole
    [InlineData(null, "local", "http://other.example", "given", Local, "local")]
    [InlineData("http://127.0.0.1:8080/", null, null, null, "http://127.0.0.1:8080/", "local")]
    [InlineData("http://other.example", null, null, null, "http://other.example", null)]
    [InlineData(null, null, Local, null, Local, "local")]
    public void Load_OfSeveral_TakesTheOneThatIsMeant(
        string? server, string? name, string? url, string? token, string expectedServer, string? expectedToken)
    {
        Save(current: true);
        var context = CliContext.Load(home.Path, server, url, token, name);
        Assert.Equal((expectedServer, expectedToken), (context.Server, context.Token));
    }

    [Fact]
    public void Load_OfTwoChoices_OrOfNoContext_IsRefused()
    {
        Save(current: true);
        Assert.Equal("USAGE", Assert.Throws<StrataException>(() => CliContext.Load(home.Path, Local, null, null, "far")).Error.Code);
        var unknown = Assert.Throws<StrataException>(() => CliContext.Load(home.Path, null, null, null, "locl")).Error;
        Assert.Equal("NO_SUCH_CONTEXT", unknown.Code);
        Assert.Contains("Did you mean local?", unknown.NextStep, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"name":"-x","server":"http://a"}""")]
    [InlineData("""{"name":"a b","server":"http://a"}""")]
    [InlineData("""{"server":"http://a","others":[{"name":"local","server":"http://b"}]}""")]
    [InlineData("""{"server":"http://a","others":[{"name":"b"}]}""")]
    [InlineData("""{"server":"http://a","others":[{"name":"b","server":"http://b","token":"a\nb"}]}""")]
    [InlineData("""{"others":[]}""")]
    public void File_ThatIsDamaged_IsRefused_AndNothingFailsThatDoesWithoutIt(string content)
    {
        home.Write(Contexts.FileName, content);
        Assert.Equal("CONTEXT_INVALID", Assert.Throws<StrataException>(() => Contexts.Read(home.Path)).Error.Code);
        Assert.Null(Contexts.CurrentName(home.Path));
    }

    [Fact]
    public void Contexts_AreBounded()
    {
        var all = Enumerable.Range(0, 50).Aggregate(Contexts.Read(home.Path), (made, i) => made.With(Of($"c{i}"), current: true));
        Assert.Equal("TOO_MANY_CONTEXTS", Assert.Throws<StrataException>(() => all.With(Of("one-more"), current: false)).Error.Code);
        Assert.Equal("c7", all.With(Of("c7"), current: true).Current?.Name);

        static CliContext Of(string name) => new() { Name = name, Server = Far };
    }

    [Fact]
    public async Task Login_KeepsATokenThatTheServerAccepts_AndLogoutForgetsIt()
    {
        await using var api = await FakeApi.StartAsync();
        api.Answer = """{"actor":"token:ci","organization":{"id":"o","name":"acme"},"roles":["developer"],"permissions":[],"isOperator":false}""";
        var address = api.Address.ToString().TrimEnd('/');
        var name = $"127.0.0.1-{api.Address.Port}";
        Assert.Equal(0, (await RunAsync("  stk_secret\n", "login", address)).Code);
        Assert.Equal(["GET /api/v1/access/me"], api.Asked);
        var kept = Contexts.Read(home.Path).Current!;
        Assert.Equal((name, address, "stk_secret"), (kept.Name, kept.Server, kept.Token));

        var who = await RunAsync("", "whoami");
        Assert.Contains("token:ci", who.Text, StringComparison.Ordinal);
        Assert.Contains("acme", who.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("stk_secret", (await RunAsync("", "context", "-o", "json")).Text, StringComparison.Ordinal);

        Assert.Equal(0, (await RunAsync("", "logout")).Code);
        Assert.Null(Contexts.Read(home.Path).Current!.Token);
        Assert.Contains("not signed in", (await RunAsync("", "logout", name)).Text, StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("", "context", "delete", name)).Code); // without -y, nobody can be asked
        Assert.Equal(0, (await RunAsync("", "context", "delete", name, "-y")).Code);
        Assert.Empty(Contexts.Read(home.Path).All);
    }

    [Fact]
    public async Task Login_ThatIsRefused_ChangesNothing()
    {
        Save(current: false);
        await using var api = await FakeApi.StartAsync();
        api.Respond = (http, _) =>
        {
            http.Response.StatusCode = 401;
            http.Response.ContentType = "application/problem+json";
            return Task.FromResult("""{"code":"UNAUTHORIZED","title":"The request carries no valid token.","status":401}""");
        };
        var address = api.Address.ToString().TrimEnd('/');
        var refused = await RunAsync("stk_wrong\n", "login", address);
        Assert.Equal(1, refused.Code);
        Assert.Contains("does not accept this token", refused.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("stk_wrong", refused.Text, StringComparison.Ordinal);
        foreach (var (input, arguments, expected) in ((string, string[], string)[])[
            ("", ["login", address], "No token was given"),
            ("two words\n", ["login", address], "not a token"),
            (new string('x', 100_000), ["login", address], "not a token"),
            ("t\n", ["login", "ftp://x"], "not the address"),
            ("t\n", ["login", "https://me:pw@x.example/api/v1?q"], "more than the address"),
            ("t\n", ["login", address, "--name", "local"], "CONTEXT_EXISTS"),
            ("t\n", ["login", address, "--name", "far"], "CONTEXT_EXISTS"),
            ("t\n", ["login", address, "--name", "a b"], "cannot be the name")])
        {
            var answer = await RunAsync(input, arguments);
            Assert.NotEqual(0, answer.Code);
            Assert.Contains(expected, answer.Text, StringComparison.Ordinal);
        }
        Assert.Equal(["local", "far"], Contexts.Read(home.Path).All.Select(c => c.Name));
    }

    [Fact]
    public async Task Use_WithAProject_ChecksItThere()
    {
        await using var api = await FakeApi.StartAsync();
        var other = new CliContext { Name = "other", Server = api.Address.ToString().TrimEnd('/'), Token = "t" };
        Contexts.Read(home.Path).With(new CliContext { Server = Local }, current: true).With(other, current: false).Save(home.Path);
        api.Respond = (http, _) =>
        {
            var found = http.Request.Path.Value!.EndsWith("/shop", StringComparison.Ordinal);
            http.Response.StatusCode = found ? 200 : 404;
            http.Response.ContentType = found ? "application/json" : "application/problem+json";
            return Task.FromResult(found
                ? """{"id":"prj_1","name":"shop","kind":"project","org":"o","state":"ACTIVE","revision":1,"createdAt":"2026-01-01T00:00:00Z","createdBy":"x","updatedAt":"2026-01-01T00:00:00Z","updatedBy":"x","spec":{},"status":{}}"""
                : """{"code":"NOT_FOUND","title":"There is no project.","status":404}""");
        };
        Assert.Equal(1, (await RunAsync("", "context", "use", "other", "-p", "none")).Code);
        Assert.Equal("local", Contexts.Read(home.Path).Current?.Name);
        var used = await RunAsync("", "context", "use", "other", "-p", "shop");
        Assert.True(used.Code == 0, used.Text);
        Assert.Equal(("other", "shop"), (Contexts.Read(home.Path).Current?.Name, Contexts.Read(home.Path).Current?.Project));
    }

    private async Task<(int Code, string Text)> RunAsync(string input, params string[] arguments)
    {
        var text = new StringWriter();
        var terminal = new Terminal { Out = text, Error = text, In = new StringReader(input) };
        var code = await StrataCommand.RunAsync([.. arguments, "--home", home.Path], terminal, TestContext.Current.CancellationToken);
        return (code, text.ToString());
    }

    private void Save(bool current) => Contexts.Read(home.Path).With(new CliContext { Server = Local, Token = "local" }, current: true)
        .With(new CliContext { Name = "far", Server = Far, Token = "far" }, current).Save(home.Path);

    private (string?, string?) TopOfFile()
    {
        var file = JsonElement.Parse(File.ReadAllBytes(Path.Combine(home.Path, Contexts.FileName)));
        return (file.GetProperty("server").GetString(), file.GetProperty("token").GetString());
    }
}
