using System.Text;

namespace Strata.Entity.Benchmarks;

/// <summary>What is written: 150 bytes of an order.</summary>
internal static class Documents
{
    public static readonly string Order = Pad("""{"number":"ORD-00000001","customer":"Jane Example","city":"Springfield","total":129.95,"currency":"EUR","lines":3,"paid":true,"note":""}""");

    /// <summary>A manual transition from the state to itself, with a criterion.</summary>
    public const string Touching = """
        {"importMode":"REPLACE","allowCycles":true,"workflows":[{"version":"1.1","name":"touching","initialState":"OPEN","active":true,"states":{"OPEN":{"transitions":[
          {"name":"touch","next":"OPEN","manual":true,"criterion":{"type":"simple","jsonPath":"$.total","operatorType":"GREATER_THAN","value":0}}]}}}]}
        """;

    private static string Pad(string text) => text.Insert(text.Length - 2, new string('x', 150 - Encoding.UTF8.GetByteCount(text)));
}
