using System.Text;
using System.Text.Json;
using Strata.Core;
using Strata.Entities.Json;
using Strata.Entities.Log;

namespace Strata.Entities.Conditions;

/// <summary>
/// Orders entities in memory by the meaning that <see cref="SortKey"/> states; a property test holds it and SQL together.
/// </summary>
public static class EntityOrder
{
    public static List<EntityRevision> Sort(IEnumerable<EntityRevision> entities, IReadOnlyList<SortKey> keys)
    {
        var sortable = entities.Select(entity => (Entity: entity, Keys: ValuesOf(entity, keys))).ToList();
        sortable.Sort((a, b) => Compare(a, b, keys));
        return sortable.ConvertAll(pair => pair.Entity);
    }

    /// <summary>Below zero: the first comes before the second.</summary>
    public static int Compare(EntityRevision a, EntityRevision b, IReadOnlyList<SortKey> keys) =>
        Compare((a, ValuesOf(a, keys)), (b, ValuesOf(b, keys)), keys);

    private static int Compare(
        (EntityRevision Entity, JsonText?[] Keys) a, (EntityRevision Entity, JsonText?[] Keys) b, IReadOnlyList<SortKey> keys)
    {
        for (var i = 0; i < keys.Count; i++)
        {
            if (Compare(a.Keys[i], b.Keys[i], keys[i].Descending) is var order and not 0) return order;
        }
        return a.Entity.Id.Value.CompareTo(b.Entity.Id.Value);
    }

    private static int Compare(JsonText? a, JsonText? b, bool descending)
    {
        var x = Read(a);
        var y = Read(b);
        if (x.Type == ScalarType.None || y.Type == ScalarType.None) return (x.Type == ScalarType.None).CompareTo(y.Type == ScalarType.None);
        var order = x.Type == y.Type ? x.CompareTo(y) : Rank(x.Type).CompareTo(Rank(y.Type));
        return descending ? -order : order;
    }

    private static JsonScalar Read(JsonText? value) => value is { } text ? JsonScalar.Read(text.Utf8.Span) : default;

    private static int Rank(ScalarType type) => type switch { ScalarType.Number => 0, ScalarType.String => 1, _ => 2 };

    private static JsonText?[] ValuesOf(EntityRevision entity, IReadOnlyList<SortKey> keys)
    {
        using var document = keys.Any(key => key.Field is Field.Path) ? entity.Document.Parse() : null;
        return [.. keys.Select(key => key.Field is Field.Path path
            ? At(document!.RootElement, path.Value) : Fact(entity, ((Field.Meta)key.Field).Value))];
    }

    private static JsonText? At(JsonElement root, JsonPath path) =>
        path.Follow(root) is { ValueKind: JsonValueKind.String or JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False } found
            ? JsonText.From(found) : null;

    private static JsonText? Fact(EntityRevision entity, MetaField field) => field switch
    {
        MetaField.CreationDate => Time(entity.CreatedAt),
        MetaField.LastUpdateTime => Time(entity.ChangedAt),
        MetaField.State => Text(entity.State),
        MetaField.Id => Text(entity.Id.ToString()),
        MetaField.TransactionId => Text(entity.Commit.ToString()),
        _ => entity.Transition is { } transition ? Text(transition) : null,
    };

    private static JsonText Time(DateTimeOffset time) =>
        JsonText.FromString(Rfc3339.CutToMicrosecond(time).UtcTicks.ToString(System.Globalization.CultureInfo.InvariantCulture));

    private static JsonText Text(string text) => new(Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(text)}\""));
}
