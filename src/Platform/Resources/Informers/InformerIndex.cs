using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;

namespace Strata.Resources.Informers;

/// <summary>A way to find resources of one kind: from a resource to the keys under which it is found. Declared once, compared by reference. Immutable.</summary>
/// <param name="keysOf">Pure and quick: it runs at every change. Empty: it is not found by this index.</param>
/// <param name="isGlobal">Keys are looked up over all organizations, as those of nodes are; otherwise within one.</param>
/// <param name="path">Of the text that is the one key, where it is one; null: keys are made otherwise.</param>
public sealed class InformerIndex(string name, Func<EntityRevision, IReadOnlyList<string>> keysOf, bool isGlobal = false, JsonPath? path = null)
{
    public string Name => name;

    public bool IsGlobal => isGlobal;

    /// <summary>The key under which all are found that can meet a condition; null where the condition does not ask for one.</summary>
    internal string? KeyOf(Condition condition) => condition switch
    {
        Condition.All all => all.Parts.Select(KeyOf).FirstOrDefault(k => k is not null),
        Condition.Compare { Operator: Operator.Equal, Field: Field.Path field, Values: [var value] } when path is not null && field.Value == path => ReadText(value),
        _ => null,
    };

    public IReadOnlyList<string> KeysOf(EntityRevision revision) => keysOf(revision);

    /// <summary>By a text in the document, for example <c>spec</c>, <c>deployment</c>.</summary>
    public static InformerIndex OfMember(string name, bool isGlobal, params string[] path) =>
        new(name, revision => ReadText(revision.Document, path) is { } text ? [text] : [], isGlobal, JsonPath.Parse("$." + string.Join('.', path)));

    /// <summary>By the state that the workflow has brought it to, over all organizations.</summary>
    public static InformerIndex OfState() => new("state", static revision => [revision.State], isGlobal: true);

    /// <summary>A text in a document, without parsing the whole of it; null where it is missing or no text.</summary>
    public static string? ReadText(JsonText document, params ReadOnlySpan<string> path)
    {
        var json = new Utf8JsonReader(document.Utf8.Span, new JsonReaderOptions { MaxDepth = JsonGuard.DepthMax });
        json.Read();
        foreach (var member in path)
        {
            if (!TryEnter(ref json, member)) return null;
        }
        return json.TokenType == JsonTokenType.String ? json.GetString() : null;
    }

    private static bool TryEnter(ref Utf8JsonReader json, string member)
    {
        if (json.TokenType != JsonTokenType.StartObject) return false;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isIt = json.ValueTextEquals(member);
            json.Read();
            if (isIt) return true;
            json.Skip();
        }
        return false;
    }
}
