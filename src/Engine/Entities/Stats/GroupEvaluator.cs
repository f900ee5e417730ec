using System.Text.Json;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Json;
using Strata.Entities.Log;

namespace Strata.Entities.Stats;

/// <summary>
/// Groups entities in memory, by the meaning that <see cref="Grouping"/> states; stores that can, do it where the entities are.
/// </summary>
public sealed class GroupEvaluator
{
    private readonly Grouping grouping;
    private readonly Dictionary<string, Tally> tallies = new(StringComparer.Ordinal);

    private GroupEvaluator(Grouping grouping) => this.grouping = grouping;

    /// <param name="entities">As of the grouping's time, of any models.</param>
    public static IReadOnlyList<EntityGroup> Group(Grouping grouping, IEnumerable<EntityRevision> entities)
    {
        var groups = new GroupEvaluator(grouping);
        foreach (var entity in entities.Where(e =>
            e.Model == grouping.Model && (grouping.Where is null || ConditionEvaluator.Matches(grouping.Where, e)))) groups.Add(entity);
        return [.. groups.tallies.Values.Take(grouping.Limit).Select(t => t.ToGroup())];
    }

    private void Add(EntityRevision entity)
    {
        using var document = entity.Document.Parse();
        var root = document.RootElement;
        var key = grouping.Keys.Select(field => field is Field.Path path
            ? Scalar(path.Value.Follow(root)) : JsonSerializer.Serialize(entity.State, WireJson.Of<string>())).ToArray();
        var name = string.Join('\n', key);
        if (!tallies.TryGetValue(name, out var tally)) tallies.Add(name, tally = new Tally(key, grouping.Fields.Count));
        tally.Add(grouping.Fields.Select(path => path.Follow(root)));
    }

    /// <summary>One text for each value; null for values that are not scalars.</summary>
    private static string? Scalar(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => ExactDecimal.Parse(value.GetRawText()).ToString(),
        JsonValueKind.String => JsonSerializer.Serialize(value.GetString()!, WireJson.Of<string>()),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => null,
    };

    private sealed class Tally(string?[] key, int fields)
    {
        private readonly FieldTally[] sums = [.. Enumerable.Range(0, fields).Select(_ => new FieldTally())];
        private long count;

        public void Add(IEnumerable<JsonElement> values)
        {
            count++;
            foreach (var (sum, value) in sums.Zip(values)) sum.Add(value);
        }

        public EntityGroup ToGroup() =>
            new([.. key.Select(k => k is null ? (JsonText?)null : JsonText.FromString(k))], count, [.. sums.Select(s => s.ToSums())]);
    }
}
