using Strata.Core;
using Strata.Resources.Hosts;
using Strata.Resources.Kinds;

namespace Strata.Resources.Tests.Support;

/// <summary>A kind for tests that is reached at a host, as routes are; a lamp owns the host of its name, as deployments do.</summary>
public sealed record SignSpec
{
    public required string Host { get; init; }
    public string Path { get; init; } = "/";
}

internal static class SignKind
{
    public static readonly Kind<SignSpec, Nothing> Kind = new()
    {
        Name = "sign",
        Plural = "signs",
        IdPrefix = "sgn",
        Scope = KindScope.Project,
        Description = "A sign, for tests.",
        Workflow = KindWorkflow.Load(typeof(LampKind), "lamp.workflow.json"),
        InitialStatus = Nothing.Instance,
        Hosts = new HostRule("spec.host", [LampKind.Kind]),
    };
}
