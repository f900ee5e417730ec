using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Resources.Kinds;

/// <summary>Whose log a kind's resources live in.</summary>
public enum KindScope
{
    /// <summary>The cloud's own: the platform tenant's log.</summary>
    Platform,

    /// <summary>The organization's log, outside any project.</summary>
    Organization,

    /// <summary>The organization's log, inside a project.</summary>
    Project,
}

/// <summary>
/// A kind of resource, declared once. From this come endpoints, OpenAPI, CLI verbs, permissions. Immutable.
/// <para>Permissions: <c>PLURAL.read</c> to see, <c>PLURAL.write</c> to create, patch the spec, delete and take the transitions in
/// <see cref="UserTransitions"/>, <c>PLURAL.control</c> to write the status and take every other transition: for the platform's own parts.</para>
/// </summary>
public abstract class Kind
{
    /// <summary>Singular, for example <c>deployment</c>.</summary>
    public required string Name { get; init; }

    /// <summary>For example <c>deployments</c>: the path segment under /api/v1.</summary>
    public required string Plural { get; init; }

    /// <summary>Of ids, for example <c>dep</c>.</summary>
    public required string IdPrefix { get; init; }

    public required KindScope Scope { get; init; }

    /// <summary>One sentence for the API description and the CLI's help.</summary>
    public required string Description { get; init; }

    public required WorkflowDefinition Workflow { get; init; }

    /// <summary>Manual transitions that a user may take; all others need <c>control</c>.</summary>
    public IReadOnlyList<string> UserTransitions { get; init; } = [];

    /// <summary>False: users may not create it with <c>write</c>; that needs <c>control</c>.</summary>
    public bool UserCreates { get; init; } = true;

    /// <summary>
    /// The transition that a user's DELETE takes, for kinds whose end is work (the last controller then deletes the entity). Null: deleted at once.
    /// </summary>
    public string? DeleteTransition { get; init; }

    public ModelKey Model => new("strata." + Name, 1);

    public string ReadPermission => Plural + ".read";
    public string WritePermission => Plural + ".write";
    public string ControlPermission => Plural + ".control";

    public abstract Type SpecType { get; }
    public abstract Type StatusType { get; }
}

/// <summary>A kind with its types, which are JSON as <see cref="WireJson"/> says.</summary>
public sealed class Kind<TSpec, TStatus> : Kind
{
    /// <summary>The status of a new resource.</summary>
    public required TStatus InitialStatus { get; init; }

    /// <summary>Checks a spec beyond its JSON shape; reports every fault, each naming its field. Null: nothing to check.</summary>
    public Func<TSpec, IReadOnlyList<SpecFault>>? Validate { get; init; }

    public override Type SpecType => typeof(TSpec);
    public override Type StatusType => typeof(TStatus);
}
