using Microsoft.AspNetCore.Http;
using Strata.Cli.Shell;

namespace Strata.Cli.Tests.Commands;

/// <summary>
/// Names are taken where ids are, what does not exist is an error, completion offers the names of the right kind, and machines get stable
/// JSON.
/// </summary>
public sealed class NamesTests : IDisposable
{
    private const string Shop = "dep_01m8km2mt5e008002wbxsk2rm2";
    private const string Earlier = "dep_01m8km2mt5e008002wbxsk2rm3";
    private const string Later = "dep_01m8km2mt5e008002wbxsk2rm4";
    private const string Model = """[{"modelName":"order","modelVersion":1}]""";

    private readonly TempFolder home = new();

    public void Dispose() => home.Dispose();

    [Fact]
    public async Task Get_WhereNamesNoField_SaysHowFieldsBegin()
    {
        var refused = await RunAsync(2, "get", "instances", "--where", "deployment=shop");
        Assert.Contains("--where: \"deployment\" is not a field", refused, StringComparison.Ordinal);
        Assert.Contains("spec.deployment=VALUE", refused, StringComparison.Ordinal);
        Assert.Contains("Use --state VALUE.", await RunAsync(2, "get", "instances", "--where", "state=READY"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_WhereAFieldIsAName_AsksForItsId()
    {
        await using var api = await StartAsync();
        await RunAsync(api, 0, "get", "instances", "--where", "spec.deployment=shop");
        Assert.Contains(api.Asked, a => a.Contains("/instances?", StringComparison.Ordinal) && a.Contains(Shop, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Get_NameWhereAKindIsMeant_SaysWhatItIs() =>
        Assert.Contains("\"shop\" is the name of a deployment, not a kind.\n  Next: strata get deployment shop",
            await RunAsync(2, "get", "shop"), StringComparison.Ordinal);

    [Theory]
    [InlineData("get", "deployments")]
    [InlineData("logs", "shop")]
    [InlineData("describe", "shop")]
    [InlineData("restart", "shop")]
    [InlineData("deploy", "https://example.invalid/x.git", "--name", "shop")]
    [InlineData("deploy", "https://example.invalid/x.git", "--name", "other")]
    [InlineData("token", "create", "ci")]
    [InlineData("compute")]
    public async Task Run_InAProjectThatDoesNotExist_IsAnErrorAndChangesNothing(params string[] arguments)
    {
        await using var api = await StartAsync();
        Assert.Contains("There is no project \"nope\".", await RunAsync(api, 1, [.. arguments, "-p", "nope"]), StringComparison.Ordinal);
        Assert.DoesNotContain(api.Asked, a => !a.StartsWith("GET", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Deploy_AskedToCreateTheProject_DoesSo()
    {
        await using var api = await StartAsync();
        await RunAsync(api, 1, "deploy", "https://example.invalid/x.git", "--name", "other", "-p", "nope", "--create-project");
        Assert.Contains(api.Asked, a => a.StartsWith("POST /api/v1/projects", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("strata de", "delete,deploy,describe,dev")]
    [InlineData("strata get dep", "deployments")]
    [InlineData("strata get deployments ", "shop")]
    [InlineData("strata get releases --state ", "READY")]
    [InlineData("strata get releases -p ", "default")]
    [InlineData("strata rollback shop ", "shop-1")]
    [InlineData("strata describe release/", "release/shop-1")]
    [InlineData("strata model lock ", "order.1")]
    [InlineData("strata entity transition 0198f1c2-5b6e-7c1a-9d3f-2a4b6c8d0e1f ", "pay,ship")]
    [InlineData("strata get -o ", "json,table,yaml")]
    [InlineData("strata rollback shop --w", "--wait-timeout")]
    [InlineData("strata new ", "dotnet,python,typescript")]
    [InlineData("strata new t", "typescript")]
    [InlineData("strata new python ", "")] // the shell offers folders
    [InlineData("strata en", "encryption,entity,env,environment,environments")]
    [InlineData("strata nonsense ", "")]
    public async Task Suggest_OffersWhatMayComeNext(string line, string expected)
    {
        await using var api = await StartAsync();
        Context(api);
        var output = new StringWriter();
        var typed = $"{line[..^(line.Split(' ')[^1].Length)]}--home {home.Path} {line.Split(' ')[^1]}";
        if (line.EndsWith("-p ", StringComparison.Ordinal) || line.EndsWith("-o ", StringComparison.Ordinal)
            || line.EndsWith("--state ", StringComparison.Ordinal))
            typed = $"strata --home {home.Path} {line["strata ".Length..]}";
        Assert.Equal(
            0, await StrataCommand.RunAsync([$"[suggest:{typed.Length}]", typed], new Terminal { Out = output, Error = TextWriter.Null },
                TestContext.Current.CancellationToken));
        Assert.Equal(
            expected, string.Join(',', output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task Completion_InBash_OffersCommandsAndNames()
    {
        await using var api = await StartAsync();
        Context(api);
        var program = Path.Combine(AppContext.BaseDirectory, "strata");
        var script = $$"""
            source <("{{program}}" completion bash)
            ask() { COMP_LINE="$1"; COMP_POINT=${#1}; read -ra COMP_WORDS <<<"$1"; [[ $1 != *" " ]] || COMP_WORDS+=(""); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
              for i in {1..20}; do _strata; [[ -z ${COMPREPLY[*]} ]] || break; done; echo "${COMPREPLY[*]}"; }
            ask "{{program}} dep"; ask "{{program}} logs "; ask "{{program}} rollback shop "
            """;
        var said = await Script.RunAsync(
            "bash", ["-c", script], null, ("STRATA_HOME", home.Path), ("STRATA_URL", ""), ("STRATA_TOKEN", ""));
        Assert.Equal("deploy\ninstance/\nrelease/\nshop\nshop-1\n", said.Replace(' ', '\n'));
    }

    [Fact]
    public async Task Completion_InFish_OffersCommandsAndNames()
    {
        await using var api = await StartAsync();
        Context(api);
        var program = Path.Combine(AppContext.BaseDirectory, "strata");
        var script = $$"""
            "{{program}}" completion fish | source
            for line in "{{program}} dep" "{{program}} logs " "{{program}} rollback shop "
              for i in (seq 20); set found (complete -C "$line"); test -z "$found"; or break; end
              string join \n -- $found
            end
            true
            """;
        var said = await Script.RunAsync("fish", ["--no-config", "-c", script], null,
            ("STRATA_HOME", home.Path), ("STRATA_URL", ""), ("STRATA_TOKEN", ""), ("HOME", home.Path));
        Assert.Equal("deploy\ninstance/\nrelease/\nshop\nshop-1\n", said);
    }

    /// <summary>In an interactive zsh, which is the only one that completes: what Tab makes of a line is read from its screen.</summary>
    [Fact]
    public async Task Completion_InZsh_CompletesCommandsAndNames()
    {
        await using var api = await StartAsync();
        Context(api);
        var bin = Directory.CreateDirectory(Path.Combine(home.Path, "bin")).FullName;
        File.CreateSymbolicLink(Path.Combine(bin, "strata"), Path.Combine(AppContext.BaseDirectory, "strata"));
        var script = $$"""
            zmodload zsh/zpty
            zpty z zsh -f -i
            type() { zpty -w -n z "$1"; }
            await() { local all piece; for i in {1..600}; do
              while zpty -r -t z piece; do all+=$piece; done; [[ $all != *"$1"* ]] || return 0; sleep 0.1
            done; print -r -- "no $1 in: $all"; exit 1; }
            zpty -w z 'path=({{bin}} $path); autoload -Uz compinit; compinit -u -D; source <(strata completion zsh); print R""EADY'
            await READY
            type $'strata dep\t'; await 'strata deploy'
            type $'\C-ustrata rollback shop sho\t'; await 'rollback shop shop-1'
            print -r -- done
            """;
        var said = await Script.RunAsync("zsh", ["-f", "-c", script], null, ("STRATA_HOME", home.Path), ("STRATA_URL", ""),
            ("STRATA_TOKEN", ""), ("HOME", home.Path), ("TERM", "xterm"));
        Assert.Equal("done\n", said);
    }

    /// <summary>Names of transitions are free text, and come from other users.</summary>
    [Fact]
    public async Task Completion_InBash_RunsNothingThatANameHolds()
    {
        var made = Path.Combine(home.Path, "made");
        var name = $"$(touch {made})`touch {made}`";
        var program = home.Write("strata", $"#!/bin/sh\nprintf '%s\\n' '{name}' '$HOME' 'plain'\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var script = $$"""
            source <("{{Path.Combine(AppContext.BaseDirectory, "strata")}}" completion bash)
            COMP_LINE="{{program}} x "; COMP_POINT=${#COMP_LINE}; COMP_WORDS=("{{program}}" x ""); COMP_CWORD=2
            _strata; printf '%s\n' "${COMPREPLY[@]}"; eval "set -- ${COMPREPLY[*]}"; printf '<%s>\n' "$@"
            """;
        var said = await Script.RunAsync("bash", ["-c", script], null, ("STRATA_HOME", home.Path));
        Assert.False(File.Exists(made));
        Assert.EndsWith($"<{name}>\n<$HOME>\n<plain>\n", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_AsJson_HasMembersInOrderAndTimesOfOneLength()
    {
        var json = await RunAsync(0, "get", "deployment", "shop", "-o", "json");
        Assert.Contains("\"createdAt\": \"2026-01-01T00:00:00.100000Z\"", json, StringComparison.Ordinal);
        Assert.True(json.IndexOf("\"alpha\"", StringComparison.Ordinal) < json.IndexOf("\"beta\"", StringComparison.Ordinal), json);
    }

    [Fact]
    public async Task History_AtATime_ReadsAsOfThen()
    {
        await using var api = await StartAsync();
        Assert.Contains("RUNNING", await RunAsync(api, 0, "history", "gone", "--at", "2026-06-01"), StringComparison.Ordinal);
        Assert.DoesNotContain("RUNNING", await RunAsync(api, 0, "history", "shop", "--at", "2025-06-01"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task History_OfANameThatIsGone_ShowsTheOneDeletedLastAndHowToPickAnother()
    {
        await using var api = await StartAsync();
        var text = await RunAsync(api, 0, "history", "gone");
        Assert.Contains("The deployment \"gone\" was deleted at 2026-03-01T00:00:00.000000Z by a.", text, StringComparison.Ordinal);
        Assert.Contains("2 deleted deployments had this name", text, StringComparison.Ordinal);
        Assert.Contains($"strata history {Earlier}    # deleted at 2026-02-01T00:00:00.000000Z", text, StringComparison.Ordinal);
        Assert.Contains(api.Asked, a => a.Contains($"/deployments/{Later}/history", StringComparison.Ordinal));
        Assert.Contains("No deleted deployment had this name.", await RunAsync(api, 1, "history", "never"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_Sorted_OrdersByFieldsInEitherForm()
    {
        foreach (var sort in (string[])["-createdAt", "createdAt:desc", "name", "-spec.replicas,name", "status.url,name:asc"])
            Assert.Equal("new\nold\n", await RunAsync(0, "get", "nodes", "--sort", sort, "-q"));
        Assert.Equal("old\nnew\n", await RunAsync(0, "get", "nodes", "--sort", "-org", "--sort", "createdAt", "-q"));
        Assert.Equal("new\n", await RunAsync(0, "get", "nodes", "--sort", "-createdAt", "-n", "1", "-q"));
        Assert.Contains("no field creatdAt", await RunAsync(2, "get", "nodes", "--sort", "-creatdAt"), StringComparison.Ordinal);
        Assert.Contains("no field spec.nope", await RunAsync(2, "get", "nodes", "--sort", "spec.nope"), StringComparison.Ordinal);
    }

    private static async Task<FakeApi> StartAsync()
    {
        var api = await FakeApi.StartAsync();
        api.Respond = (http, _) => Task.FromResult(Answer(http));
        return api;
    }

    private static string Answer(HttpContext http)
    {
        var (path, query) = (http.Request.Path.Value!, http.Request.QueryString.Value!);
        var kind = path.Split('/') is [_, _, _, var plural, ..] ? plural.TrimEnd('s') : "";
        return path switch
        {
            "/api/v1" => """
                {"kinds":[{"name":"deployment","plural":"deployments","idPrefix":"dep"},{"name":"release","plural":"releases","idPrefix":"rel"},
                          {"name":"instance","plural":"instances","idPrefix":"ins"},{"name":"project","plural":"projects","idPrefix":"prj"},
                          {"name":"node","plural":"nodes","idPrefix":"nod"}]}
                """,
            "/api/model/" => Model,
            _ when path.EndsWith("/transitions", StringComparison.Ordinal) => """["pay","ship"]""",
            _ when path.EndsWith("/logs", StringComparison.Ordinal) => "",
            _ when path.EndsWith("/gone", StringComparison.Ordinal) && query.Length > 0 => Resource("deployment", "gone", "gone-id"),
            _ when path.EndsWith("/never/history", StringComparison.Ordinal) => Missing(http, "deployment", "never"),
            _ when path.EndsWith("/gone/history", StringComparison.Ordinal) => Missing(http, "deployment", "gone"),
            _ when path.EndsWith("/history", StringComparison.Ordinal) => $$"""{"items":[{{Resource("deployment", "shop", Shop)}}]}""",
            _ when path.EndsWith("/nope", StringComparison.Ordinal) => Missing(http, "project", "nope"),
            "/api/v1/deployments/other" => Missing(http, "deployment", "other"),
            "/api/v1/releases" when http.Request.Method == "POST" => Refused(http),
            "/api/v1/nodes" when query.Contains("spec.nope", StringComparison.Ordinal) => Invalid(http),
            "/api/v1/nodes" => $$"""{"items":[{{Node("old", 1, 2)}},{{Node("new", 2, 3)}}]}""",
            "/api/v1/deployments" when query.Contains("deleted=true", StringComparison.Ordinal) =>
                query.Contains("gone", StringComparison.Ordinal) ? $$"""{"items":[{{Gone(Later, 3)}},{{Gone(Earlier, 2)}}]}""" : """{"items":[]}""",
            "/api/v1/deployments" when http.Request.Method == "POST" => Resource("deployment", "other", Shop),
            "/api/v1/projects" when http.Request.Method == "POST" => Resource("project", "nope", "prj_1"),
            "/api/v1/deployments" => $$"""{"items":[{{Resource("deployment", "shop", Shop)}}]}""",
            "/api/v1/releases" => $$"""{"items":[{{Resource("release", "shop-1", "rel_1")}}]}""",
            "/api/v1/projects" => $$"""{"items":[{{Resource("project", "default", "prj_2")}}]}""",
            _ when kind.Length > 0 && path.Split('/').Length == 4 => """{"items":[]}""",
            _ => Resource("deployment", "shop", Shop),
        };
    }

    private static string Missing(HttpContext http, string kind, string name)
    {
        http.Response.StatusCode = 404;
        return $$"""{"code":"NOT_FOUND","detail":"There is no {{kind}} \"{{name}}\"."}""";
    }

    private static string Invalid(HttpContext http)
    {
        http.Response.StatusCode = 400;
        return """{"code":"INVALID_QUERY","detail":"spec.nope is not a field of nodes."}""";
    }

    private static string Gone(string id, int month) => Resource("deployment", "gone", id)
        .Replace("2026-01-01T00:00:00.12Z", $"2026-0{month}-01T00:00:00Z", StringComparison.Ordinal)
        .Replace("\"deleted\":false", "\"deleted\":true", StringComparison.Ordinal);

    private static string Node(string name, int day, int replicas) => Resource("node", name, "nod_" + name)
        .Replace("2026-01-01T00:00:00.1Z", $"2026-01-0{day}T00:00:00.1Z", StringComparison.Ordinal)
        .Replace("\"env\"", $"\"replicas\":{replicas},\"env\"", StringComparison.Ordinal);

    private static string Refused(HttpContext http)
    {
        http.Response.StatusCode = 422;
        return """{"code":"REFUSED","detail":"It is refused."}""";
    }

    private static string Resource(string kind, string name, string id) =>
        $$"""
        {"id":"{{id}}","kind":"{{kind}}","name":"{{name}}","org":"o","project":"default","state":"{{(kind == "release" ? "READY" : "RUNNING")}}","revision":7,
         "createdAt":"2026-01-01T00:00:00.1Z","updatedAt":"2026-01-01T00:00:00.12Z","updatedBy":"a","labels":{},
         "spec":{{(kind == "release" ? """{"deployment":"x","source":{"git":{"url":"https://example.invalid/x.git"}}}""" : """{"env":{"beta":"2","alpha":"1"}}""")}},"status":{},"deleted":false}
        """;

    private void Context(FakeApi api) => home.Write("context.json", $$"""{"server":"{{api.Address}}","token":"x"}""");

    private async Task<string> RunAsync(int expected, params string[] arguments)
    {
        await using var api = await StartAsync();
        return await RunAsync(api, expected, arguments);
    }

    private async Task<string> RunAsync(FakeApi api, int expected, params string[] arguments)
    {
        Context(api);
        var text = new StringWriter();
        var code = await StrataCommand.RunAsync(
            [.. arguments, "--home", home.Path], new Terminal { Out = text, Error = TextWriter.Synchronized(text) },
            TestContext.Current.CancellationToken);
        Assert.True(code == expected, text.ToString());
        return text.ToString().Replace($"--home {home.Path} ", "", StringComparison.Ordinal);
    }
}
