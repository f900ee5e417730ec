using System.Text.Json;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Entities.Stats;

namespace Strata.EntityApi.Stats;

/// <summary>Writes groups: [{groupKey[{path, value}], count, aggregations{}?}].</summary>
internal static class GroupedStatsWriter
{
    public static void Write(
        Utf8JsonWriter json, GroupedStatsRequest request, IReadOnlyList<JsonPath> fields, IEnumerable<EntityGroup> groups)
    {
        var places = request.Aggregations.Select(a => fields.Index().First(f => f.Item.Equals(a.Field)).Index).ToArray();
        json.WriteStartArray();
        foreach (var group in groups)
        {
            json.WriteStartObject();
            WriteKey(json, request, group);
            json.WriteNumber("count", group.Count);
            if (places.Length > 0) WriteAggregations(json, request.Aggregations, places, group);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteKey(Utf8JsonWriter json, GroupedStatsRequest request, EntityGroup group)
    {
        json.WriteStartArray("groupKey");
        for (var i = 0; i < group.Key.Count; i++)
        {
            json.WriteStartObject();
            json.WriteString("path", request.GroupBy[i].Text);
            json.WritePropertyName("value");
            if (group.Key[i] is { } value) json.WriteRawValue(value.Utf8.Span);
            else json.WriteNullValue();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteAggregations(Utf8JsonWriter json, IReadOnlyList<Aggregation> aggregations, int[] places, EntityGroup group)
    {
        json.WriteStartObject("aggregations");
        for (var i = 0; i < places.Length; i++)
        {
            json.WritePropertyName(aggregations[i].Alias);
            Write(json, aggregations[i].Op, group.Fields[places[i]]);
        }
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, AggregateOp op, FieldSums sums)
    {
        var (number, text) = op switch
        {
            AggregateOp.Sum => (sums.Sum, null),
            AggregateOp.Avg => (sums.Average(), null),
            AggregateOp.Stdev => (sums.StandardDeviation(), null),
            AggregateOp.Min => (sums.Min, sums.MinText),
            _ => (sums.Max, sums.MaxText),
        };
        if (number is not null) json.WriteRawValue(number);
        else if (text is not null) json.WriteStringValue(text);
        else json.WriteNullValue();
    }
}
