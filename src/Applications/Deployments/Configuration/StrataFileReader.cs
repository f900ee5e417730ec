using System.Text.RegularExpressions;
using Strata.Core;
using Strata.Deployments.Detection;
using Strata.Deployments.Kinds;
using Strata.Deployments.Source;
using YamlDotNet.RepresentationModel;

namespace Strata.Deployments.Configuration;

/// <summary>Reads <c>strata.yaml</c> strictly and completely: every error is reported, with its line and field.</summary>
public static partial class StrataFileReader
{
    /// <summary>
    /// Fields of the format that this version does not support: refused rather than ignored, because their effect would silently be
    /// missing.
    /// </summary>
    private static readonly string[] NotYet = ["secrets", "routes", "release", "volumes", "schedule", "depends"];

    /// <param name="name">Of the file, for errors.</param>
    /// <returns>CONFIG_INVALID with every fault in the message.</returns>
    public static Result<StrataFile> Read(string name, string text)
    {
        if (!YamlTree.Load(name, text).TryGet(out var root, out var error)) return error;
        var faults = new List<ValidationError>();
        var file = Read(new YamlSection(root, "", faults), faults);
        return faults.Count == 0 ? file : YamlTree.Fault(name, string.Join("; ", faults.Select(x => $"{x.Field}: {x.Message}")));
    }

    /// <summary>The file in a source's root; <see cref="StrataFile.Empty"/> if it is missing.</summary>
    internal static Result<StrataFile> Find(SourceTree source) =>
        StrataFile.Names.FirstOrDefault(source.HasFile) is { } name ? Read(name, source.Read(name)!) : StrataFile.Empty;

    private static StrataFile Read(YamlSection top, List<ValidationError> faults)
    {
        foreach (var name in NotYet)
        {
            if (top.Find(name) is { } value)
                top.Fault<object>(name, value, "is not supported by this version yet; remove it to deploy without it");
        }
        var file = Health(Run(Build(new StrataFile { Name = Name(top), Env = Env(top), Serve = Serve(top) }, top), top), top);
        top.End();
        if (file is { Dockerfile: not null, BuildCommand: not null })
            faults.Add(new ValidationError("build", "dockerfile and command exclude each other"));
        return file;
    }

    private static string? Name(YamlSection top) => top.Text("name") is not { } name ? null
        : ResourceName.IsValid(name) ? name
        : top.Fault<string>(
            "name", top.Find("name")!, "must be 1 to 63 of a-z, 0-9 and \"-\", starting with a letter and not ending with \"-\"");

    private static IReadOnlyDictionary<string, string> Env(YamlSection top)
    {
        var env = top.Map("env", x => VariableName().IsMatch(x), "names must be letters, digits and \"_\", not starting with a digit");
        foreach (var (name, value) in env)
            foreach (var fault in DeploymentChecks.References(value)) top.Fault<object>($"env.{name}", top.Find("env")!, fault.TrimEnd('.'));
        return env;
    }

    /// <summary><c>static: {serve: ["*.sql", src/app.py]}</c>.</summary>
    private static IReadOnlyList<string> Serve(YamlSection top)
    {
        var section = top.Section("static");
        var patterns = section.List(
            "serve", ServedFiles.PatternsMax, ServedFiles.IsPattern, "must be a file's path in the site, or *.EXTENSION");
        section.End();
        return patterns;
    }

    private static StrataFile Build(StrataFile file, YamlSection top)
    {
        var build = top.Section("build");
        var read = file with
        {
            Dockerfile = RelativePath(build, "dockerfile"),
            BuildCommand = build.Text("command"),
            BuildOutput = RelativePath(build, "output"),
            Stack = Stack(build),
            BuildTimeoutSeconds = build.Seconds("timeoutSeconds", 1, 24 * 3600),
            BuildMemoryBytes = build.Bytes("memoryBytes", 16L << 20, 1L << 40),
            BuildCpu = build.Number("cpu", 0.05, 256),
        };
        build.End();
        return read;
    }

    private static StrataFile Run(StrataFile file, YamlSection top)
    {
        var run = top.Section("run");
        var read = file with
        {
            RunCommand = run.Text("command"),
            Port = run.Whole("port", 1, 65535),
            Replicas = Replicas(run),
            MemoryBytes = run.Bytes("memory", 16L << 20, 1L << 40),
            Cpu = run.Number("cpu", 0.05, 256),
            StopGraceSeconds = run.Seconds("stopGrace", 0, 3600),
        };
        run.End();
        return read;
    }

    /// <summary>A number, or <c>{min, max}</c>; only the minimum counts until scaling by load is supported.</summary>
    private static int? Replicas(YamlSection run)
    {
        if (run.Find("replicas") is not YamlMappingNode) return run.Whole("replicas", 0, 100);
        var range = run.Section("replicas");
        var (least, most) = (range.Whole("min", 0, 100), range.Whole("max", 0, 100));
        range.End();
        return least ?? most;
    }

    private static StrataFile Health(StrataFile file, YamlSection top)
    {
        var health = top.Section("health");
        var path = health.Text("path");
        if (path is not null && (path[0] != '/' || path.Any(char.IsWhiteSpace)))
            health.Fault<object>("path", health.Find("path")!, "must start with \"/\" and hold no spaces");
        var read = file with
        {
            HealthPath = path,
            HealthIntervalSeconds = health.Seconds("interval", 1, 3600),
            HealthTimeoutSeconds = health.Seconds("timeout", 1, 300),
            HealthGraceSeconds = health.Seconds("grace", 1, 3600),
        };
        health.End();
        return read;
    }

    private static string? Stack(YamlSection build) => build.Text("stack") is not { } stack || Stacks.All.Contains(stack)
        ? build.Text("stack") : build.Fault<string>("stack", build.Find("stack")!, $"must be one of {string.Join(", ", Stacks.All)}");

    private static string? RelativePath(YamlSection section, string name) => section.Text(name) is not { } path || IsInside(path)
        ? section.Text(name)?.Trim('/') : section.Fault<string>(name, section.Find(name)!, "must be a path inside the source");

    private static bool IsInside(string path) => !path.StartsWith('/') && !path.Split('/').Contains("..");

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*\\z")]
    private static partial Regex VariableName();
}
