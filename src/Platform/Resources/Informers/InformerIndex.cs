using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Resources.Informers;

/// <summary>
/// A way to find resources of one kind: from a resource to the keys under which it is found. Declared once, compared by reference.
/// Immutable.
/// </summary>
/// <param name="keysOf">Pure and quick: it runs at every change. Empty: it is not found by this index.</param>
/// <param name="isGlobal">Keys are looked up over all organizations, as those of nodes are; otherwise within one.</param>
/// <param name="path">Of the text that is the one key, where it is one; null: keys are made otherwise.</param>
public sealed class InformerIndex(
    string name, Func<EntityRevision, IReadOnlyList<string>> keysOf, bool isGlobal = false, JsonPath? path = null)
{
    public string Name => name;

    public bool IsGlobal => isGlobal;

    /// <summary>The key under which all are found that can meet a condition; null where the condition does not ask for one.</summary>
    internal string? KeyOf(Condition condition) => condition switch
    {
        Condition.All all => all.Parts.Select(KeyOf).FirstOrDefault(k => k is not null),
        Condition.Compare { Operator: Operator.Equal, Field: Field.Path field, Values: [var value] } when path is not null
            && field.Value == path => ResourceDocument.ReadText(value),
        _ => null,
    };

    public IReadOnlyList<string> KeysOf(EntityRevision revision) => keysOf(revision);

    /// <summary>By a text in the document, for example <c>spec</c>, <c>deployment</c>.</summary>
    public static InformerIndex OfMember(string name, bool isGlobal, params string[] path) =>
        new(name, revision => ResourceDocument.ReadText(revision.Document, path) is { } text ? [text] : [], isGlobal,
            JsonPath.Parse("$." + string.Join('.', path)));

    /// <summary>By the state that the workflow has brought it to, over all organizations.</summary>
    public static InformerIndex OfState() => new("state", static revision => [revision.State], isGlobal: true);
}
