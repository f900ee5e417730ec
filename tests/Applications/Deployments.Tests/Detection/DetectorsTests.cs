using Strata.Deployments.Detection;
using Strata.Deployments.Source;
using Strata.Deployments.Tests.Support;

namespace Strata.Deployments.Tests.Detection;

public sealed class DetectorsTests
{
    private const string WebProject = """<Project Sdk="Microsoft.NET.Sdk.Web"><PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup></Project>""";

    private static Core.Result<BuildPlan> Detect(params (string Name, string Content)[] files)
    {
        using var folder = new TempFolder();
        foreach (var (name, content) in files) folder.With(name, content);
        return Detectors.Detect(new SourceTree(folder.Path));
    }

    public static TheoryData<string, string, string?, string> Sources => new()
    {
        // files (name=content, separated by |), stack, command, steps
        { "index.html=x", "static", null, "" },
        { "public/index.html=x|README.md=x", "static", null, "" },
        { """package.json={"scripts":{"start":"node server.js"}}""", "node", "node server.js", "" },
        { """package.json={}|server.js=x""", "node", "node server.js", "" },
        { """package.json={"main":"lib/main.js"}|lib/main.js=x""", "node", "node lib/main.js", "" },
        { """package.json={"scripts":{"start":"node s.js"},"dependencies":{"a":"1"}}|package-lock.json={}""", "node", "node s.js", "npm ci --no-audit --no-fund --omit=dev" },
        { """package.json={"scripts":{"start":"node s.js"},"dependencies":{"a":"1"}}""", "node", "node s.js", "npm install --no-audit --no-fund --omit=dev" },
        { """package.json={"scripts":{"build":"vite build"},"devDependencies":{"vite":"7"}}""", "node", null, "npm install --no-audit --no-fund --include=dev;npm run build" },
        { """package.json={"scripts":{"start":"next start","build":"next build"},"dependencies":{"next":"15"}}""", "node", "export PATH=\"$PWD/node_modules/.bin:$PATH\"; exec next start", "npm install --no-audit --no-fund --include=dev;npm run build;npm prune --omit=dev --no-audit --no-fund" },
        { """package.json={"devDependencies":{"prettier":"3"}}|index.html=x""", "static", null, "" },
        { "app.csproj="
            + WebProject, "dotnet", "export ASPNETCORE_URLS=\"http://$HOST:$PORT\"; exec dotnet app.dll",
            "dotnet publish app.csproj -c Release -o .strata-publish -p:UseAppHost=false --nologo -v quiet -clp:NoSummary" },
        { "main.py=x", "python", "export PYTHONUNBUFFERED=1 PYTHONPATH=\"$PWD/.strata-packages:$PWD\"; exec /usr/bin/python3 main.py", "" },
        { "Procfile=web: ./run --fast|index.html=x", "procfile", "./run --fast", "" },
        { "Dockerfile=FROM scratch|index.html=x", "dockerfile", null, "" },
    };

    [Theory]
    [MemberData(nameof(Sources))]
    public void Detect_Source_IsRecognised(string files, string stack, string? command, string steps)
    {
        var plan = Detect([.. files.Split('|').Select(x => (x[..x.IndexOf('=')], x[(x.IndexOf('=') + 1)..]))]).Value;
        Assert.Equal(stack, plan.Stack);
        Assert.Equal(command, plan.Command);
        Assert.Equal(steps, string.Join(';', plan.Steps.Select(x => x.CommandLine)));
    }

    [Fact]
    public void Detect_Fastapi_RunsUvicorn()
    {
        var plan = Detect(("main.py", "from fastapi import FastAPI\napp = FastAPI()\n"),
            ("requirements.txt", "fastapi==0.115\nuvicorn[standard]\n")).Value;
        Assert.Contains("-m uvicorn main:app --host \"$HOST\" --port \"$PORT\"", plan.Command, StringComparison.Ordinal);
        Assert.True(Assert.Single(plan.Steps).Install);
    }

    [Theory]
    [InlineData("notes.txt", "x", "The kind of application could not be detected.")]
    [InlineData("package.json", "{\"name\":\"x\"}", "neither a start nor a build script")]
    [InlineData("package.json", "{oops", "cannot be read")]
    [InlineData("package.json", "[]", "cannot be read")]
    [InlineData("Procfile", "worker: x", "has no line")]
    [InlineData("requirements.txt", "flask", "no main.py")]
    public void Detect_NotEnough_SaysWhatIsMissing(string name, string content, string sentence) =>
        Assert.Contains(sentence, Detect((name, content)).Error!.Message, StringComparison.Ordinal);

    [Fact]
    public void Detect_SeveralWebProjects_AsksWhich()
    {
        var error = Detect(("a/a.csproj", WebProject), ("b/b.csproj", WebProject)).Error!;
        Assert.Contains("several web projects: a/a.csproj, b/b.csproj", error.Message, StringComparison.Ordinal);
        Assert.Contains("strata.yaml", error.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public void Detect_FileBehindALinkThatLeaves_IsAsIfItWereNotThere()
    {
        using var outside = new TempFolder().With("index.html", "x");
        using var folder = new TempFolder();
        File.CreateSymbolicLink(folder["index.html"], outside["index.html"]);
        Assert.False(Detectors.Detect(new SourceTree(folder.Path)).IsOk);
    }

    [Theory]
    [InlineData("node server.js", "exec node server.js")]
    [InlineData("cd web && node server.js", "cd web && node server.js")]
    [InlineData("NODE_ENV=production node s.js", "NODE_ENV=production node s.js")]
    [InlineData("exec ./run", "exec ./run")]
    public void WithExec_SimpleCommand_TakesTheShellsPlace(string line, string expected) =>
        Assert.Equal(expected, ShellCommand.WithExec(line));

    [Theory]
    [InlineData("contact.php")]
    [InlineData("admin/index.aspx")]
    public void Detect_PagesOfAServerBesideIndexHtml_AreRefusedWithAWayOut(string page)
    {
        var found = Detect(("index.html", "x"), (page, "<?php"));
        Assert.Contains(page, found.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("stack: static", found.Error.NextStep, StringComparison.Ordinal);
        using var folder = new TempFolder();
        folder.With("index.html", "x").With(page, "<?php");
        Assert.True(Detectors.DetectAs("static", new SourceTree(folder.Path)).Value.Static);
    }
}
