using System.Text.Json;

namespace Strata.Resources.Tests.Kinds;

/// <summary>Specs of a lamp with right and wrong members and values, at random.</summary>
internal static class RandomSpecs
{
    private static readonly string[] Names =
        ["color", "watts", "shade", "rooms", "dimmers", "fedBy", "fitting", "opacity", "madeAt", "x", "", "\u00e4"];
    private static readonly string[] Scalars = ["null", "true", "1", "-1", "0.5", "1e400", "123456789012345678901234567890", "\"red\"",
        "\"screw\"", "\"2026-01-31T12:00:00Z\"", "\"\""];

    public static string Next(Random random, int depth = 0) => random.Next(depth > 4 ? 1 : 3) switch
    {
        0 => Scalars[random.Next(Scalars.Length)],
        1 => "[" + string.Join(",", Enumerable.Range(0, random.Next(4)).Select(_ => Next(random, depth + 1))) + "]",
        _ => Object(random, depth),
    };

    private static string Object(Random random, int depth)
    {
        var names = Names.OrderBy(_ => random.Next()).Take(random.Next(Names.Length)).ToList();
        if (random.Next(2) == 0 && !names.Contains("color")) names.Add("color");
        return "{"
            + string.Join(
                ",", names.Select(n =>
                    $"{JsonSerializer.Serialize(n)}:{(n == "color" && random.Next(2) == 0 ? "\"red\"" : Next(random, depth + 1))}")) + "}";
    }
}
