using System.Text.RegularExpressions;
using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Source;

namespace Strata.Deployments.Kinds;

/// <summary>The rules of deployments' and releases' specs, beyond their shape.</summary>
internal static partial class DeploymentChecks
{
    public const int ReplicasMax = 100;
    private const int EnvCountMax = 500;
    private const int EnvValueCharsMax = 32 * 1024;
    private const int EnvCharsMax = 256 * 1024;
    private const int SecretsMax = 100;
    private const int CommandCharsMax = 4096;
    internal const int TextCharsMax = 1024;

    public static IReadOnlyList<ValidationError> Check(DeploymentSpec spec) =>
        [.. Run(spec.Run), .. Build(spec.Build), .. Env(spec.Env), .. Health(spec.Health), .. Text("release", spec.Release),
            .. Range("generation", spec.Generation, 0, int.MaxValue)];

    public static IReadOnlyList<ValidationError> Check(ReleaseSpec spec) =>
    [
        .. Required("deployment", spec.Deployment),
        .. Source(spec.Source),
        .. spec.Run is { } run ? Run(run) : [],
        .. spec.Build is { } build ? Build(build) : [],
        .. spec.Env is { } env ? Env(env) : [],
        .. spec.Health is { } health ? Health(health) : [],
    ];

    private static IEnumerable<ValidationError> Run(RunConfig run) =>
    [
        .. Command("run.command", run.Command),
        .. run.Port is { } port ? Range("run.port", port, 1, 65535) : [],
        .. Range("run.replicas", run.Replicas, 0, ReplicasMax),
        .. Range("run.memoryBytes", run.MemoryBytes, 16L << 20, 1L << 40),
        .. Range("run.cpu", run.Cpu, 0.05, 256),
        .. Range("run.stopGraceSeconds", run.StopGraceSeconds, 0, 3600),
    ];

    private static IEnumerable<ValidationError> Build(BuildConfig build) =>
    [
        .. Command("build.command", build.Command),
        .. Inside("build.output", build.Output),
        .. Inside("build.dockerfile", build.Dockerfile),
        .. Range("build.timeoutSeconds", build.TimeoutSeconds, 1, 24 * 3600),
        .. Range("build.memoryBytes", build.MemoryBytes, 16L << 20, 1L << 40),
        .. Range("build.cpu", build.Cpu, 0.05, 256),
        .. Range("build.diskBytes", build.DiskBytes, 16L << 20, 1L << 40),
    ];

    private static IEnumerable<ValidationError> Health(HealthCheck health) =>
    [
        .. health.Path is null or ['/', ..] && health.Path?.Length is null or <= TextCharsMax
        && health.Path?.Any(x => x <= ' ' || x == '\x7f') != true
            ? [] : Fault("health.path", "It must start with \"/\" and hold no spaces."),
        .. Range("health.intervalSeconds", health.IntervalSeconds, 1, 3600),
        .. Range("health.timeoutSeconds", health.TimeoutSeconds, 1, 300),
        .. Range("health.graceSeconds", health.GraceSeconds, 1, 3600),
    ];

    /// <summary>The first fault of variables that are put together; null: they have none.</summary>
    public static string? FaultOf(IReadOnlyDictionary<string, string> env) =>
        Env(env).FirstOrDefault() is { } fault ? $"{fault.Field}: {fault.Message}" : null;

    private static IEnumerable<ValidationError> Env(IReadOnlyDictionary<string, string> env)
    {
        if (env.Count > EnvCountMax) return Fault("env", $"At most {EnvCountMax} variables fit.");
        if (env.Sum(x => (long)x.Key.Length + (x.Value?.Length ?? 0)) > EnvCharsMax)
            return Fault("env", $"All variables together take at most {EnvCharsMax} characters.");
        if (env.Values.OfType<string>().SelectMany(VariableReference.In).Distinct().Take(SecretsMax + 1).Count() > SecretsMax)
            return Fault("env", $"They refer to at most {SecretsMax} secrets.");
        return env.SelectMany(x => !VariableName().IsMatch(x.Key)
            ? Fault("env", $"\"{x.Key.Shortened(40)}\" is no name of a variable: it takes A-Z, a-z, 0-9 and \"_\", at most 128, no digit first.")
            : x.Value is null || x.Value.Length > EnvValueCharsMax || x.Value.Contains('\0')
            ? Fault("env." + x.Key, $"A value takes at most {EnvValueCharsMax} characters.")
            : References(x.Value).Select(fault => new ValidationError("env." + x.Key, fault)));
    }

    /// <summary>What is wrong with the references in a variable's value, each as a sentence.</summary>
    internal static IEnumerable<string> References(string value)
    {
        if (VariableReference.IsMalformed(value)) yield return "A reference to a secret is written ${secret.NAME}; for this text itself, double the $.";
        foreach (var reference in VariableReference.In(value).Where(reference => !ResourceName.IsValid(reference.Secret)))
            yield return $"{reference} names no secret: a name takes a-z, 0-9 and \"-\". For this text itself, write ${reference}.";
    }

    private static IEnumerable<ValidationError> Source(SourceConfig source) => source switch
    {
        { Archive: null, Git: null, Release: null } => Fault("source", "Give an archive, a git repository or a release."),
        { Archive: not null, Git: not null } or { Release: not null, Archive: not null } or { Release: not null, Git: not null } =>
            Fault("source", "Give an archive, a git repository or a release, only one of them."),
        { Release: { } release } => Text("source.release", release),
        { Archive: { } archive } => Digest.TryParse(archive, out _)
            ? [] : Fault("source.archive", "It must be sha256: and 64 hexadecimal digits."),
        _ => [.. Address(source.Git!.Url), .. Text("source.git.branch", source.Git.Branch),
            .. Text("source.git.commit", source.Git.Commit)],
    };

    /// <summary>Refused before it is stored: what is in a release stays in its history.</summary>
    private static IEnumerable<ValidationError> Address(string? url)
    {
        if (string.IsNullOrEmpty(url) || url.Length > TextCharsMax) return Required("source.git.url", url);
        return GitAddress.Parse(url).Error is { } error ? Fault("source.git.url", $"{error.Message} {error.NextStep}") : [];
    }

    private static IEnumerable<ValidationError> Inside(string field, string? path) =>
        path is null || (path.Length is > 0 and <= TextCharsMax && !path.StartsWith('/') && !path.Split('/').Contains(".."))
            ? [] : Fault(field, "It must be a path inside the source.");

    private static IEnumerable<ValidationError> Command(string field, string? command) =>
        command is null or { Length: > 0 and <= CommandCharsMax } ? [] : Fault(field, $"It takes 1 to {CommandCharsMax} characters.");

    internal static IEnumerable<ValidationError> Required(string field, string? text) => string.IsNullOrEmpty(text)
        ? Fault(field, "It is required.") : Text(field, text);

    internal static IEnumerable<ValidationError> Text(string field, string? text) => text is null or { Length: <= TextCharsMax }
        ? [] : Fault(field, $"It takes at most {TextCharsMax} characters.");

    internal static IEnumerable<ValidationError> Range<T>(string field, T value, T least, T most) where T : IComparable<T> =>
        value.CompareTo(least) >= 0 && value.CompareTo(most) <= 0
            ? [] : Fault(field, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"It must be from {least} to {most}."));

    internal static ValidationError[] Fault(string field, string message) => [new ValidationError(field, message)];

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]{0,127}\\z")]
    private static partial Regex VariableName();

    /// <summary>Files on the server's machine are for operators only.</summary>
    public static IReadOnlyList<ValidationError> CheckForOthers(ReleaseSpec spec) =>
        spec.Source.Git?.Url.TrimStart().StartsWith("file:", StringComparison.OrdinalIgnoreCase) == true
            ? [new ValidationError("source.git.url",
                "Only an operator of the cloud may deploy from file://. Upload the folder instead: strata deploy FOLDER.")]
            : [];
}
