using System.Text.Json;

namespace Strata.Client.Tests.Entities;

/// <summary>The same cases hold the client libraries of TypeScript and Python.</summary>
public sealed class SortExpressionTests
{
    private static readonly string Cases = Path.Combine(
        AppContext.BaseDirectory, "../../../..", "tests/clients/sort-expressions.json");

    [Fact]
    public void Parse_ReadsTheLanguageOfAllClients()
    {
        foreach (var one in JsonElement.Parse(File.ReadAllText(Cases)).EnumerateArray())
        {
            var parsed = SortExpression.Parse(one.GetProperty("given").EnumerateArray().Select(g => g.GetString()!));
            if (one.TryGetProperty("keys", out var keys)) Assert.Equal(keys.EnumerateArray().Select(k => k.GetString()), parsed.Value);
            else
            {
                Assert.Equal(
                    (one.GetProperty("error").GetString(), SortExpression.InvalidCode), (parsed.Error!.Message, parsed.Error.Code));
                Assert.Contains("-FIELD or FIELD:desc", parsed.Error.NextStep, StringComparison.Ordinal);
            }
        }
    }
}
