using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Api.Tests.Hosting;

/// <summary>A kind for tests, with something of everything.</summary>
public sealed record WidgetSpec
{
    public int Size { get; init; } = 1;
    public string? Color { get; init; }
    public IReadOnlyList<string> Tags { get; init; } = [];
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();
    public WidgetPart Part { get; init; } = new();

    /// <summary>Name or id of a box.</summary>
    public string? Box { get; init; }
}

public sealed record WidgetPart
{
    public double Weight { get; init; } = 0.5;
    public bool Hollow { get; init; }
    public long Serial { get; init; }
}

public sealed record WidgetStatus
{
    public string? Message { get; init; }
    public int Uses { get; init; }
}

public static class WidgetKind
{
    public static readonly Kind<WidgetSpec, WidgetStatus> Kind = new()
    {
        Name = "widget",
        Plural = "widgets",
        IdPrefix = "wid",
        Scope = KindScope.Project,
        Description = "A thing for tests.",
        Workflow = KindWorkflow.Load(typeof(WidgetKind), "widget.workflow.json"),
        InitialStatus = new WidgetStatus(),
        Controllers = [Contracts.Roles.Agent],
        UserTransitions = ["polish", "remove"],
        DeleteTransition = "remove",
        References = [new SpecReference("box", BoxKind.Kind)],
        PrivateSpec = ["env"],
        NodeField = "$.spec.color", // for grants of a node
        OperatorsOnly = spec => spec.Color == "gold" ? [new ValidationError("color", "Gold is for operators.")] : [],
        Validate = spec => spec.Size is >= 1 and <= 100 ? [] : [new ValidationError("size", "It takes 1 to 100.")],
    };
}

/// <summary>A kind that others refer to, for tests.</summary>
public static class BoxKind
{
    public static readonly Kind<Nothing, Nothing> Kind = new()
    {
        Name = "box",
        Plural = "boxes",
        IdPrefix = "box",
        Scope = KindScope.Project,
        Description = "What a widget may lie in, for tests.",
        Workflow = KindWorkflow.Load(typeof(WidgetKind), "gadget.workflow.json"),
        InitialStatus = Nothing.Instance,
    };
}

/// <summary>A kind of the cloud itself, for tests.</summary>
public sealed record GadgetSpec
{
    public bool Enabled { get; init; } = true;
}

public static class GadgetKind
{
    public static readonly Kind<GadgetSpec, Nothing> Kind = new()
    {
        Name = "gadget",
        Plural = "gadgets",
        IdPrefix = "gad",
        Scope = KindScope.Platform,
        Description = "A thing of the cloud itself, for tests.",
        Workflow = KindWorkflow.Load(typeof(WidgetKind), "gadget.workflow.json"),
        InitialStatus = Nothing.Instance,
    };
}
