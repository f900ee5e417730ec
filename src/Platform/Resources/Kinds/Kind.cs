using System.Text.Json;
using System.Text.Json.Nodes;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Entities.Workflows;
using Strata.Resources.Hosts;

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

/// <summary>Which writes of a kind's resources need a fresh sign-in of a person.</summary>
public enum FreshSignInFor
{
    None,
    Deletions,
    AllWrites,
}

/// <summary>
/// A kind of resource, declared once. From this come endpoints, OpenAPI, CLI verbs, permissions. Immutable.
/// <para>Permissions: <c>PLURAL.read</c> to see, <c>PLURAL.write</c> to create, patch the spec, delete and take the transitions in
/// <see cref="UserTransitions"/>, <c>PLURAL.control</c> to write the status and take every other transition: for the platform's own
/// parts.</para>
/// </summary>
public abstract class Kind
{
    internal static readonly UniqueKeyDefinition NameKey = new("name", [JsonPath.Parse("$.name")]);

    private ModelDefinition? definition;

    /// <summary>Singular, for example <c>deployment</c>.</summary>
    public required string Name { get; init; }

    /// <summary>For example <c>deployments</c>: the path segment under /api/v1.</summary>
    public required string Plural { get; init; }

    /// <summary>
    /// How documents of older versions become present ones, in order: the first makes version 2 of version 1, and so on. Each changes the
    /// whole document (<c>name</c>, <c>spec</c>, <c>status</c> …) in place, and must cope with every document that its version could write.
    /// Empty: there has been one version. Add one when a member is renamed, moved or gets another meaning; a new member with a default
    /// needs none.
    /// </summary>
    public IReadOnlyList<Action<JsonObject>> Upcasters { get; init; } = [];

    /// <summary>Of the documents that this program writes: 1 and up.</summary>
    public int Version => Upcasters.Count + 1;

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
    /// Whether it is made by an endpoint of its own, which shows its secret this once, and never changed: a change could widen what it
    /// grants.
    /// </summary>
    public bool IsIssued { get; init; }

    /// <summary>Which writes are so dangerous that a person who calls must have signed in lately.</summary>
    public FreshSignInFor FreshSignIn { get; init; }

    /// <summary>
    /// The transition that a user's DELETE takes, for kinds whose end is work (the last controller then deletes the entity). Null: deleted
    /// at once.
    /// </summary>
    public string? DeleteTransition { get; init; }

    /// <summary>
    /// Looks for a reason against a user's DELETE, in its transaction: what this reads must still be so when the deletion takes effect.
    /// Null: there is none.
    /// </summary>
    public Func<EntityTransaction, EntityRevision, CancellationToken, ValueTask<Error?>>? DeleteCheck { get; init; }

    /// <summary>
    /// The transitions that mark a resource which others belong to as being deleted, and that take the mark back. While it is marked,
    /// nothing is created in it. Null: nothing belongs to it.
    /// </summary>
    public DeletingMark? Deleting { get; init; }

    /// <summary>False: users may not patch the spec with <c>write</c>; that needs <c>control</c>.</summary>
    public bool UserChangesSpec { get; init; } = true;

    /// <summary>Of a kind of the platform: true: members of organizations read what concerns them; false: operators only.</summary>
    public bool TenantsRead { get; init; }

    /// <summary>How its resources are reached by a host name; null: they are not.</summary>
    public HostRule? Hosts { get; init; }

    /// <summary>
    /// Whether a resource owns the default host of its name (<see cref="DefaultHosts"/>), so that the name is refused while another project
    /// uses that host.
    /// </summary>
    public bool OwnsHostOfName { get; init; }

    /// <summary>False: a project is deleted with what it has of this kind; a controller removes that behind it.</summary>
    public bool KeepsProject { get; init; } = true;

    /// <summary>Names that no new resource gets, because they mean something else already.</summary>
    public IReadOnlyList<string> ReservedNames { get; init; } = [];

    /// <summary>Unique keys besides the name, over members of the document.</summary>
    public IReadOnlyList<UniqueKeyDefinition> UniqueKeys { get; init; } = [];

    /// <summary>Members of the status that the API never shows, such as the hash of a secret.</summary>
    public IReadOnlyList<string> HiddenStatus { get; init; } = [];

    /// <summary>
    /// Members of the status that hold a text sealed under the cloud's keys. They are sealed again when a key is replaced. Each is one of
    /// <see cref="HiddenStatus"/> too.
    /// </summary>
    public IReadOnlyList<SealedMember> SealedStatus { get; init; } = [];

    /// <summary>
    /// Members of the spec that only the organization itself and the agent of the resource's node see, such as variables with secrets;
    /// other parts of the platform, such as the edge, neither see them nor filter.
    /// </summary>
    public IReadOnlyList<string> PrivateSpec { get; init; } = [];

    /// <summary>
    /// Members of the spec that hold the id of another resource; inputs may hold its name instead. Each must exist in the caller's
    /// organization, and in the project of the resource where both kinds belong to projects.
    /// </summary>
    public IReadOnlyList<SpecReference> References { get; init; } = [];

    /// <summary>
    /// Whether a resource's labels are those of the resource that it belongs to, as those of a release are its deployment's. They were
    /// checked there.
    /// </summary>
    public bool LabelsAreInherited { get; init; }

    /// <summary>
    /// Whether the labels in its spec choose resources, so that <c>environment</c> among them names an environment, as that of a binding
    /// does.
    /// </summary>
    public bool SpecChoosesByLabels { get; init; }

    /// <summary>
    /// Looks for a reason against what a user's change makes the resource refer to, in its transaction: the resource as it is, and the part
    /// of the spec that changes, with ids. Asked only where that part has one of <see cref="References"/>. Null: each that exists will do.
    /// </summary>
    public Func<EntityTransaction, EntityRevision, JsonElement, CancellationToken, ValueTask<Error?>>? ReferenceCheck { get; init; }

    /// <summary>
    /// Members of the spec that a new resource does not have, because they name what belongs to it and so cannot be there yet.
    /// </summary>
    public IReadOnlyList<string> SetLater { get; init; } = [];

    /// <summary>
    /// Where a resource names the node that it is assigned to: a path such as <c>$.spec.node</c>, or <c>id</c> for the node itself. A
    /// node's agent reaches only what is assigned to its node. Null: nothing of this kind is an agent's business.
    /// </summary>
    public string? NodeField { get; init; }

    public ModelKey Model => ModelOf(Name);

    internal static ModelKey ModelOf(string kind) => new("strata." + kind, 1);

    /// <summary>
    /// Roles that see it, unless an organization says otherwise. Administrators hold <c>read</c> and <c>write</c> of every kind.
    /// </summary>
    public IReadOnlyList<string> Readers { get; init; } = [Roles.Viewer, Roles.Developer];

    /// <summary>Roles that hold its <c>write</c>.</summary>
    public IReadOnlyList<string> Writers { get; init; } = [];

    /// <summary>Roles that hold its <c>control</c>: parts of the platform, never people.</summary>
    public IReadOnlyList<string> Controllers { get; init; } = [];

    /// <summary>
    /// Whether writing it lets people in or decides what they may, such as an identity provider: then no role of an organization's own can
    /// hold its <c>write</c>.
    /// </summary>
    public bool WriteIsAdministrators { get; init; }

    public string ReadPermission => Plural + ".read";
    public string WritePermission => Plural + ".write";
    public string ControlPermission => Plural + ".control";

    /// <summary>Whether a permission is one of this kind.</summary>
    public bool HasPermission(string permission) =>
        permission.Length > Plural.Length && permission.StartsWith(Plural, StringComparison.Ordinal) && permission[Plural.Length] == '.';

    public abstract Type SpecType { get; }
    public abstract Type StatusType { get; }

    /// <summary>Text form of an id of this kind.</summary>
    public string IdOf(EntityId id) => IdText.Format(IdPrefix, id.Value);

    public bool TryParseId(string text, out EntityId id)
    {
        var ok = IdText.TryParse(IdPrefix, text, out var value);
        id = new EntityId(value);
        return ok;
    }

    /// <summary>The entity of an id that this kind gave out itself.</summary>
    public EntityId EntityOf(string id) => TryParseId(id, out var entity)
        ? entity : throw new ArgumentException($"{id} is not the id of a {Name}.", nameof(id));

    /// <summary>
    /// Whose log to look in for a caller: the platform's for kinds of the platform, regardless of the caller; permissions are checked
    /// before.
    /// </summary>
    public TenantId TenantOf(Caller caller) => Scope == KindScope.Platform ? TenantId.Platform : caller.Tenant;

    /// <summary>What the engine needs to know: the workflow, and the name as unique key.</summary>
    public ModelDefinition Definition =>
        definition ??= new ModelDefinition { Key = Model, Workflows = [Workflow], UniqueKeys = [NameKey, .. UniqueKeys] };

    /// <summary>The unique key that a name takes.</summary>
    internal static UniqueClaim NameClaim(string name) => Entities.Engine.UniqueKeys.ClaimOf(NameKey.Id, name);

    /// <summary>
    /// Faults of what a spec asks for and only an operator of the cloud may have, such as a file of the server's machine.
    /// </summary>
    public abstract IEnumerable<ValidationError> CheckForOthers(JsonText spec);

    internal abstract JsonText InitialStatusText { get; }

    /// <summary>
    /// Reads a spec strictly; the text is normal (all members, no nulls) and meaningless when there are faults, whose fields start with
    /// "spec".
    /// </summary>
    public abstract JsonText ReadSpec(JsonElement spec, List<ValidationError> faults);

    public abstract JsonText ReadStatus(JsonElement status, List<ValidationError> faults);

    /// <summary>The faults of a change between two valid specs in their normal form.</summary>
    public abstract IEnumerable<ValidationError> CheckChange(JsonText was, JsonText next);
}

/// <summary>A kind with its types, which are JSON as <see cref="WireJson"/> says.</summary>
public sealed class Kind<TSpec, TStatus> : Kind
{
    /// <summary>The status of a new resource.</summary>
    public required TStatus InitialStatus { get; init; }

    /// <summary>Checks a spec beyond its JSON shape; reports every fault, each naming its field. Null: nothing to check.</summary>
    public Func<TSpec, IReadOnlyList<ValidationError>>? Validate { get; init; }

    /// <summary>Checks a change of the spec, from the old to the new. Null: every valid spec may follow every other.</summary>
    public Func<TSpec, TSpec, IReadOnlyList<ValidationError>>? ValidateChange { get; init; }

    /// <summary>As <see cref="Kind.CheckForOthers"/>. Null: operators may ask for no more than others.</summary>
    public Func<TSpec, IReadOnlyList<ValidationError>>? OperatorsOnly { get; init; }

    public override IEnumerable<ValidationError> CheckForOthers(JsonText spec) => OperatorsOnly is null
        ? [] : InSpec(OperatorsOnly(spec.To(WireJson.Of<TSpec>())));

    public override Type SpecType => typeof(TSpec);
    public override Type StatusType => typeof(TStatus);

    internal override JsonText InitialStatusText => JsonText.From(InitialStatus, WireJson.Of<TStatus>());

    public override JsonText ReadSpec(JsonElement spec, List<ValidationError> faults)
    {
        if (!StrictJson.TryRead<TSpec>(spec, "spec", faults, out var value)) return JsonText.EmptyObject;
        faults.AddRange(Check(value));
        return JsonText.From(value, WireJson.Of<TSpec>());
    }

    public override JsonText ReadStatus(JsonElement status, List<ValidationError> faults) =>
        StrictJson.TryRead<TStatus>(status, "status", faults, out var value)
            ? JsonText.From(value, WireJson.Of<TStatus>()) : JsonText.EmptyObject;

    public override IEnumerable<ValidationError> CheckChange(JsonText was, JsonText next) =>
        ValidateChange is null ? [] : InSpec(ValidateChange(was.To(WireJson.Of<TSpec>()), next.To(WireJson.Of<TSpec>())));

    /// <summary>The faults of a spec that is well formed.</summary>
    internal IEnumerable<ValidationError> Check(TSpec spec) => Validate is null ? [] : InSpec(Validate(spec));

    private static IEnumerable<ValidationError> InSpec(IReadOnlyList<ValidationError> faults) =>
        faults.Select(f => f with { Field = "spec." + f.Field });
}

/// <summary>A member of a spec that holds the id of another resource.</summary>
/// <param name="field">Path of members in camelCase, for example <c>deployment</c>.</param>
/// <param name="kind">Of the resource that it names; asked for late, because two kinds may refer to each other.</param>
public sealed class SpecReference(string field, Func<Kind> kind)
{
    public SpecReference(string field, Kind kind) : this(field, () => kind)
    {
    }

    public string Field { get; } = field;
    public Kind Kind => kind();
}

/// <param name="Name">Of the member, for example <c>secret</c>.</param>
/// <param name="ContextOf">The context that its text is sealed for, from the entity.</param>
public sealed record SealedMember(string Name, Func<EntityRevision, string> ContextOf);

/// <param name="State">In which nothing is created in it.</param>
/// <param name="Begin">Leads to the state.</param>
/// <param name="Cancel">Leads back.</param>
public sealed record DeletingMark(string State, string Begin, string Cancel)
{
    /// <summary>
    /// What a DELETE refuses unless it is forced, after "delete also", because others only name it; null: others belong to it, and no force
    /// leaves them without.
    /// </summary>
    public string? Forced { get; init; }
}
