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

    private const string Me = """
        {"actor":"token:ci","organization":{"id":"o","name":"acme"},"roles":["developer"],"permissions":[],"isOperator":false}
        """;

    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    [Fact]
    public async Task File_OfOneContext_IsAsItAlwaysWas()
    {
        home.Write(Contexts.FileName, """{"server":"http://127.0.0.1:8080","token":"t","project":"shop"}""");
        var (read, expected) = (Contexts.Read(home.Path),
            new CliContext { Server = Local, Token = "t", Project = "shop", Source = TokenSource.File });
        Assert.Equal([expected], read.All);
        Assert.Equal(expected, read.Local);
        await home.ChangeAsync(now => now);
        Assert.Equal([expected], Contexts.Read(home.Path).All);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(home.Path, Contexts.FileName)));
    }

    [Fact]
    public async Task Current_StandsWhereTheClientLibrariesReadIt_AndTheOthersAreKept()
    {
        await SaveAsync(current: false);
        Assert.Equal((Local, "local"), TopOfFile());
        await home.ChangeAsync(now => now.With(now.Get("far"), current: true));
        Assert.Equal((Far, "far"), TopOfFile());
        Assert.Equal("local", Contexts.Read(home.Path).Local?.Token);
        var left = await home.ChangeAsync(now => now.Without("far"));
        Assert.Equal(["local"], left.All.Select(c => c.Name));
        await home.ChangeAsync(now => now.Without("local"));
        Assert.False(File.Exists(Path.Combine(home.Path, Contexts.FileName)));
        Assert.Equal("NO_CONTEXT", Assert.Throws<StrataException>(() => CliContext.Load(home.Path, null, null, null)).Error.Code);
    }

    [Theory]
    [InlineData(null, null, null, null, Far, "far")]
    [InlineData(null, "local", null, null, Local, "local")]
    [InlineData(null, "local", null, "given", Local, "local")] // a context is taken whole
    [InlineData(null, "local", "http://other.example", "given", Local, "local")]
    [InlineData(null, null, null, "given", Far, "far")] // alone it is for this machine's cloud
    [InlineData("http://other.example", null, null, "given", "http://other.example", "given")]
    [InlineData("http://127.0.0.1:8080/", null, null, null, "http://127.0.0.1:8080/", "local")]
    [InlineData("http://other.example", null, null, null, "http://other.example", null)]
    [InlineData(null, null, Local, null, Local, "local")]
    public async Task Load_OfSeveral_TakesTheOneThatIsMeant(
        string? server, string? name, string? url, string? token, string expectedServer, string? expectedToken)
    {
        await SaveAsync(current: true);
        var context = CliContext.Load(home.Path, server, url, token, name);
        Assert.Equal((expectedServer, expectedToken), (context.Server, context.Token));
    }

    [Fact]
    public async Task Load_OfTwoChoices_OrOfNoContext_IsRefused()
    {
        await SaveAsync(current: true);
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
    [InlineData("""{"server":"http://a","others":[null]}""")]
    public void File_ThatIsDamaged_IsRefused_AndNothingFailsThatDoesWithoutIt(string content)
    {
        home.Write(Contexts.FileName, content);
        Assert.Equal("CONTEXT_INVALID", Assert.Throws<StrataException>(() => Contexts.Read(home.Path)).Error.Code);
        Assert.Null(Contexts.TryRead(home.Path));
    }

    [Fact]
    public void Contexts_AreBounded()
    {
        var all = Enumerable.Range(0, 50).Aggregate(Contexts.Read(home.Path), (made, i) => made.With(Of($"c{i}"), current: true));
        Assert.Equal("TOO_MANY_CONTEXTS", Assert.Throws<StrataException>(() => all.With(Of("one-more"), current: false)).Error.Code);
        Assert.Equal("c7", all.With(Of("c7"), current: true).Current?.Name);
    }

    /// <summary>A file that is larger than its readers take would leave every command without any context.</summary>
    [Fact]
    public async Task File_IsNeverLargerThanItsReadersTake()
    {
        for (var i = 0; i < 4; i++) await home.KeepAsync(Of($"c{i}") with { Token = new string('t', 15_000) });
        var refused = await Assert.ThrowsAsync<StrataException>(() => home.KeepAsync(Of("c4") with { Token = new string('t', 15_000) }));
        Assert.Equal("TOO_MANY_CONTEXTS", refused.Error.Code);
        Assert.Equal(4, Contexts.Read(home.Path).All.Count);
    }

    [Fact]
    public async Task Links_StayOrAreNotFollowed()
    {
        var elsewhere = home.Write("dotfiles/context.json", """{"server":"http://127.0.0.1:8080"}""");
        File.CreateSymbolicLink(Path.Combine(home.Path, Contexts.FileName), elsewhere);
        var bait = Path.Combine(home.Path, "dotfiles", "bait");
        File.CreateSymbolicLink(Path.Combine(home.Path, "context.lock"), bait);
        await home.KeepAsync(Of("far"));
        Assert.Contains("far", await File.ReadAllTextAsync(elsewhere, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.NotNull(new FileInfo(Path.Combine(home.Path, Contexts.FileName)).LinkTarget);
        Assert.False(File.Exists(bait));
        await home.ChangeAsync(now => now.Without("far").Without("local"));
        Assert.False(File.Exists(elsewhere)); // with the token in it
    }

    [Fact]
    public void DamagedFile_IsPutAside_AndAWholeOneIsNot()
    {
        home.Write(Contexts.FileName, "{\"na");
        var now = new DateTimeOffset(2026, 11, 30, 1, 2, 3, TimeSpan.Zero);
        Assert.Equal(Path.Combine(home.Path, "context.json.damaged-20261130T010203"), Contexts.PutDamagedAside(home.Path, now));
        Assert.Empty(Contexts.Read(home.Path).All);
        Assert.Null(Contexts.PutDamagedAside(home.Path, now));
    }

    [Fact]
    public async Task Changes_AtOnce_TakeTurns_AndNoneIsLost()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => home.KeepAsync(Of($"c{i}"), current: i % 2 == 0))));
        Assert.Equal(20, Contexts.Read(home.Path).All.Count);
    }

    [Theory, InlineData("down"), InlineData("up"), InlineData("install-service --print")]
    public async Task CommandsOfThisMachine_ForAnotherContext_AreRefused(string command)
    {
        await SaveAsync(current: true);
        var refused = await RunAsync("", [.. command.Split(' '), "--context", "far"]);
        Assert.Equal(2, refused.Code);
        Assert.Contains("knows no other context", refused.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Login_KeepsATokenThatTheServerAccepts_AndLogoutForgetsIt()
    {
        await using var api = await FakeApi.StartAsync();
        api.Answer = Me;
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
        Assert.Equal(2, (await RunAsync("", "context", "delete", name)).Code); // it asks, and there is no terminal
        Assert.Equal(0, (await RunAsync("", "context", "delete", name, "-y")).Code);
        Assert.Empty(Contexts.Read(home.Path).All);
    }

    /// <summary>The administrator's token may be kept nowhere else.</summary>
    [Fact]
    public async Task Login_WithAnotherTokenOfThisMachinesCloud_AsksFirst()
    {
        await using var api = await FakeApi.StartAsync();
        api.Answer = Me;
        var address = api.Address.ToString().TrimEnd('/');
        await home.KeepAsync(new CliContext { Server = address, Token = "admin" });
        var refused = await RunAsync("stk_other\n", "login", address);
        Assert.Equal(2, refused.Code);
        Assert.Contains("CONFIRMATION_NEEDED", refused.Text, StringComparison.Ordinal);
        Assert.Equal("admin", Contexts.Read(home.Path).Local?.Token);
        Assert.Equal(0, (await RunAsync("stk_other\n", "login", address, "--name", "other")).Code);
        Assert.Equal(("admin", "other"), (Contexts.Read(home.Path).Local?.Token, Contexts.Read(home.Path).Current?.Name));
        var several = await RunAsync("t\n", "login", address);
        Assert.Contains("There are several contexts", several.Text, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("stk_third\n", "login", address, "--name", "local", "-y")).Code);
        Assert.Equal("stk_third", Contexts.Read(home.Path).Local?.Token);
    }

    [Theory, InlineData("{}"), InlineData("[]"), InlineData("""{"actor":"x","organization":{"name":"o"},"roles":1,"permissions":[]}"""),
        InlineData("""{"actor":"x\nSigned in to bank","organization":{"name":"o"},"roles":[],"permissions":[]}""")]
    public async Task Login_WhereSomethingElseAnswers_KeepsNothing(string answer)
    {
        await using var api = await FakeApi.StartAsync();
        api.Answer = answer;
        var refused = await RunAsync("stk_x\n", "login", api.Address.ToString().TrimEnd('/'));
        Assert.Equal(1, refused.Code);
        Assert.Contains("UNEXPECTED_ANSWER", refused.Text, StringComparison.Ordinal);
        Assert.Empty(Contexts.Read(home.Path).All);
    }

    [Fact]
    public async Task Login_ThatIsRefused_ChangesNothing()
    {
        await SaveAsync(current: false);
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
            ("t\n", ["login", "stk_0123456789abcdef"], "That is a token"),
            ("t\n", ["login", "http://cloud.example"], "CONFIRMATION_NEEDED"),
            ("t\n", ["login", address, "--org", "acme"], "organization of its token"),
            ("t\n", ["login", "https://me:pw@x.example/api/v1?q"], "has a scheme, a host and a port"),
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
        await home.ChangeAsync(now => now.With(new CliContext { Server = Local }, current: true).With(other, current: false));
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

    private static CliContext Of(string name) => new() { Name = name, Server = Far };

    private async Task<(int Code, string Text)> RunAsync(string input, params string[] arguments)
    {
        var text = new StringWriter();
        var terminal = new Terminal { Out = text, Error = text, In = new StringReader(input) };
        var code = await StrataCommand.RunAsync([.. arguments, "--home", home.Path], terminal, TestContext.Current.CancellationToken);
        return (code, text.ToString());
    }

    private Task SaveAsync(bool current) => home.ChangeAsync(now =>
        now.With(new CliContext { Server = Local, Token = "local" }, current: true)
            .With(new CliContext { Name = "far", Server = Far, Token = "far" }, current));

    private (string?, string?) TopOfFile()
    {
        var file = JsonElement.Parse(File.ReadAllBytes(Path.Combine(home.Path, Contexts.FileName)));
        return (file.GetProperty("server").GetString(), file.GetProperty("token").GetString());
    }
}
