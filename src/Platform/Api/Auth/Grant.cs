using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Api.Auth;

/// <summary>Permissions, and the resources for which they hold.</summary>
public sealed record Grant(IReadOnlySet<string> Permissions, GrantScope Scope)
{
    /// <summary>
    /// Whether a binding of the organization gave it: it holds there alone, wherever else its holder may act.
    /// </summary>
    public bool IsBound { get; init; }

    /// <summary>When it ends; null: it does not. What ends hands out nothing that lasts.</summary>
    public DateTimeOffset? Until { get; init; }
}

/// <summary>
/// Which resources a grant covers, as one condition: lists are narrowed by it in the query, and a single resource is checked by it after
/// loading, so the two cannot differ.
/// </summary>
public abstract record GrantScope
{
    /// <summary>All of the organization.</summary>
    public static GrantScope Organization { get; } = new Everywhere();

    /// <summary>What both cover.</summary>
    public static GrantScope And(GrantScope first, GrantScope second) =>
        first == Organization ? second : second == Organization ? first : new Both(first, second);

    /// <summary>Id of the only project that it reaches into; null: it is not bound to one.</summary>
    public string? OnlyProject => this switch
    {
        OfProject of => of.Project,
        Both both => both.First.OnlyProject ?? both.Second.OnlyProject,
        _ => null,
    };

    /// <summary>Whether labels of a resource decide.</summary>
    public bool IsByLabels => this is WithLabels || (this is Both both && (both.First.IsByLabels || both.Second.IsByLabels));

    /// <summary>Matches nothing.</summary>
    internal static Condition Nothing { get; } = new Condition.Any([]);

    /// <returns>Null: every resource of the kind.</returns>
    internal abstract Condition? Of(Kind kind);

    /// <summary>Whether it covers no resource of the kind, whatever there is.</summary>
    internal bool CoversNone(Kind kind) => this is Both both
        ? both.First.CoversNone(kind) || both.Second.CoversNone(kind)
        : Of(kind) == Nothing || (this is WithLabels && kind.Scope != KindScope.Project);

    internal static Condition Equal(Field field, string value) =>
        new Condition.Compare(field, Operator.Equal, [JsonText.FromString(JsonSerializer.Serialize(value, WireJson.Of<string>()))]);

    internal static Condition HasId(EntityId id) => Equal(new Field.Meta(MetaField.Id), id.ToString());

    private sealed record Everywhere : GrantScope
    {
        internal override Condition? Of(Kind kind) => null;
    }

    /// <summary>One project and what is in it. Of what belongs to the whole organization, nothing.</summary>
    /// <param name="Project">Its id.</param>
    public sealed record OfProject(string Project) : GrantScope
    {
        private static readonly Field Member = new Field.Path(JsonPath.Parse("$.project"));

        internal override Condition? Of(Kind kind) => kind.Scope switch
        {
            KindScope.Project => Equal(Member, Project),
            KindScope.Platform => null,
            _ => kind == ProjectKind.Kind && kind.TryParseId(Project, out var id) ? HasId(id) : Nothing,
        };
    }

    /// <summary>One node and what is assigned to it. Of kinds that are not assigned to nodes, nothing.</summary>
    /// <param name="Node">Its id.</param>
    public sealed record OfNode(string Node) : GrantScope
    {
        internal override Condition Of(Kind kind) => kind.NodeField switch
        {
            null => Nothing,
            "id" => kind.TryParseId(Node, out var id) ? HasId(id) : Nothing,
            var path => Equal(new Field.Path(JsonPath.Parse(path)), Node),
        };
    }

    /// <summary>Resources that carry all of these labels, for example those of one environment.</summary>
    public sealed record WithLabels(IReadOnlyDictionary<string, string> Labels) : GrantScope
    {
        internal override Condition Of(Kind kind) =>
            new Condition.All(
                [.. Labels.OrderBy(x => x.Key, StringComparer.Ordinal)
                    .Select(x => Equal(new Field.Path(JsonPath.Parse($"$.labels['{x.Key}']")), x.Value))]);

        public bool Equals(WithLabels? other) =>
            other is not null && Labels.Count == other.Labels.Count
                && Labels.All(x => other.Labels.TryGetValue(x.Key, out var value) && value == x.Value);

        public override int GetHashCode() => Labels.Aggregate(0, (hash, x) => hash ^ HashCode.Combine(x.Key, x.Value));
    }

    /// <summary>What both cover.</summary>
    public sealed record Both(GrantScope First, GrantScope Second) : GrantScope
    {
        internal override Condition? Of(Kind kind) => (First.Of(kind), Second.Of(kind)) switch
        {
            (null, var second) => second,
            (var first, null) => first,
            var (first, second) => new Condition.All([first, second]),
        };
    }
}
