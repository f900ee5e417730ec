using System.Text.Json;
using Strata.Deployments.Source;

namespace Strata.Deployments.Detection;

internal sealed class NodeDetector : IDetector
{
    private static readonly string[] SiteFolders = ["dist", "build", "out", "_site", "public"];

    public string Stack => Stacks.Node;
    public string Understands => "a package.json with a start or a build script";

    public Detection Detect(SourceTree source)
    {
        if (source.Read("package.json") is not { } text) return Detection.No;
        try
        {
            using var package = JsonDocument.Parse(
                text, new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
            return package.RootElement.ValueKind == JsonValueKind.Object
                ? Detect(source, package.RootElement) : Broken("it is not an object");
        }
        catch (JsonException e)
        {
            return Broken($"line {e.LineNumber + 1} is not valid JSON");
        }
    }

    private static Detection Broken(string why) =>
        Detection.Fault($"package.json cannot be read: {why}.", "Fix the file and deploy again.");

    private static Detection Detect(SourceTree source, JsonElement package)
    {
        var build = Script(package, "build");
        var command = StartCommand(source, package);
        if (command is null && build is null)
            return new Detection.Other(
                "package.json has neither a start nor a build script, and there is no server.js, index.js or app.js");
        var plan = new BuildPlan
        {
            Stack = Stacks.Node,
            Summary = command is null ? "a site built by Node (npm run build)"
                : $"a Node application, run by \"{Shown(package, command)}\"",
            Steps = Steps(source, package, build is not null, command is null),
            Outputs = command is null ? SiteFolders : [],
            Command = command,
            Static = command is null,
            Tools = ["node", .. (build is not null || HasDependencies(package) ? (string[])["npm"] : [])],
            Notes = Notes(source),
        };
        return new Detection.Found(plan);
    }

    private static List<BuildStep> Steps(SourceTree source, JsonElement package, bool build, bool isStatic)
    {
        var steps = new List<BuildStep>();
        var dependencies = HasDependencies(package);
        if (dependencies) steps.Add(new BuildStep(Install(source, omitDevelopment: !build), Install: true));
        if (build) steps.Add(new BuildStep("npm run build"));
        if (build && dependencies && !isStatic) steps.Add(new BuildStep("npm prune --omit=dev --no-audit --no-fund"));
        return steps;
    }

    private static string Install(SourceTree source, bool omitDevelopment)
    {
        var verb = source.FirstFile("package-lock.json", "npm-shrinkwrap.json") is null ? "install" : "ci";
        return $"npm {verb} --no-audit --no-fund {(omitDevelopment ? "--omit=dev" : "--include=dev")}";
    }

    private static bool HasDependencies(JsonElement package) =>
        new[] { "dependencies", "devDependencies", "optionalDependencies" }
            .Any(x => package.TryGetProperty(x, out var value) && value.ValueKind == JsonValueKind.Object && value.EnumerateObject().Any());

    /// <summary>Runs the start script itself rather than npm, which would not pass signals on to the application.</summary>
    private static string? StartCommand(SourceTree source, JsonElement package)
    {
        if (Script(package, "start") is not { } start) return MainFile(source, package) is { } file ? "node " + file : null;
        if (Script(package, "prestart") is not null || Script(package, "poststart") is not null) return "npm start";
        return start.StartsWith("node ", StringComparison.Ordinal)
            ? start : "export PATH=\"$PWD/node_modules/.bin:$PATH\"; " + ShellCommand.WithExec(start);
    }

    private static string Shown(JsonElement package, string command) => command.StartsWith("export ", StringComparison.Ordinal)
        ? Script(package, "start")! : command;

    private static string? MainFile(SourceTree source, JsonElement package)
    {
        var main = package.TryGetProperty("main", out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
        if (main.Length > 0 && main.All(x => char.IsAsciiLetterOrDigit(x) || "._/-".Contains(x)) && main[0] != '-' && source.HasFile(main))
            return main;
        return source.FirstFile("server.js", "server.mjs", "index.js", "index.mjs", "app.js", "app.mjs");
    }

    private static string? Script(JsonElement package, string name) =>
        package.TryGetProperty("scripts", out var scripts) && scripts.ValueKind == JsonValueKind.Object
        && scripts.TryGetProperty(name, out var script) && script.ValueKind == JsonValueKind.String
        && !string.IsNullOrWhiteSpace(script.GetString())
            ? script.GetString()!.Trim() : null;

    private static IReadOnlyList<string> Notes(SourceTree source) =>
        source.FirstFile("yarn.lock", "pnpm-lock.yaml", "bun.lockb") is { } other
            && source.FirstFile("package-lock.json", "npm-shrinkwrap.json") is null
            ? [$"{other} is not used: npm installs the dependencies, by the ranges in package.json."] : [];
}
