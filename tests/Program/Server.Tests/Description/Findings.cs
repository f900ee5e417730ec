namespace Strata.Server.Tests.Description;

internal static class Findings
{
    /// <summary>Fails with all of them; xunit's own message would show the first few, cut.</summary>
    public static void AssertNone(IEnumerable<string> findings)
    {
        var all = findings.Distinct().ToList();
        if (all.Count > 0) Assert.Fail($"{all.Count} findings:\n{string.Join('\n', all)}");
    }
}
