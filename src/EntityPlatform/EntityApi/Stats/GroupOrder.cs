using System.Text;
using System.Text.Json;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi.Stats;

/// <summary>The largest group first; among equals by their keys: null first, then by the bytes of the text.</summary>
internal sealed class GroupOrder : IComparer<EntityGroup>
{
    public static readonly GroupOrder Instance = new();

    public int Compare(EntityGroup? x, EntityGroup? y)
    {
        var order = y!.Count.CompareTo(x!.Count);
        for (var i = 0; order == 0 && i < x.Key.Count; i++) order = Compare(x.Key[i], y.Key[i]);
        return order;
    }

    private static int Compare(JsonText? x, JsonText? y)
    {
        if (x is not { } a || y is not { } b) return (x is null ? 0 : 1) - (y is null ? 0 : 1);
        var order = Text(a).AsSpan().SequenceCompareTo(Text(b));
        return order != 0 ? order : a.Utf8.Span.SequenceCompareTo(b.Utf8.Span);
    }

    private static byte[] Text(JsonText scalar)
    {
        var reader = new Utf8JsonReader(scalar.Utf8.Span);
        reader.Read();
        return reader.TokenType == JsonTokenType.String ? Encoding.UTF8.GetBytes(reader.GetString()!) : scalar.Utf8.ToArray();
    }
}
