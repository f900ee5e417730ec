using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Resources.Tests.Support;

/// <summary>A kind for tests: a lamp in a project, fed by another lamp if it likes.</summary>
public sealed record LampSpec
{
    public required string Color { get; init; }
    public int Watts { get; init; } = 40;
    public LampShade Shade { get; init; } = new();
    public IReadOnlyList<string> Rooms { get; init; } = [];
    public IReadOnlyDictionary<string, int> Dimmers { get; init; } = new Dictionary<string, int>();
    public string? FedBy { get; init; }
    public LampFitting Fitting { get; init; }
}

public sealed record LampShade
{
    public double Opacity { get; init; } = 0.5;
    public DateTimeOffset? MadeAt { get; init; }
}

public enum LampFitting
{
    Screw,
    BayonetCap,
}

public sealed record LampStatus
{
    public int Hours { get; init; }
    public string? Message { get; init; }
}

internal static class LampKind
{
    public static readonly Kind<LampSpec, LampStatus> Kind = new()
    {
        Name = "lamp",
        Plural = "lamps",
        IdPrefix = "lmp",
        Scope = KindScope.Project,
        Description = "A lamp, for tests.",
        Workflow = KindWorkflow.Load(typeof(LampKind), "lamp.workflow.json"),
        InitialStatus = new LampStatus(),
        References = [new SpecReference("fedBy", ProjectKind.Kind)],
        Validate = spec => spec.Watts is >= 1 and <= 1000 ? [] : [new ValidationError("watts", "It takes 1 to 1000.")],
    };
}
