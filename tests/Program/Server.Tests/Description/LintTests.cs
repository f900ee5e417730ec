using System.Text.Json;

namespace Strata.Server.Tests.Description;

/// <summary>
/// Redocly and Spectral find nothing in /openapi.json by the rules that they recommend, but for what tests/clients/openapi/ignored.json
/// names with its reason.
/// </summary>
[Collection(DescribedApi.Name)]
public sealed class LintTests(WholeApi api)
{
    [Fact]
    public async Task RedoclyAndSpectral_FindNothing()
    {
        using var folder = new DescriptionFolder();
        await folder.WriteAsync(api.Http);
        var found = JsonElement.Parse(await Script.NodeAsync("tests/clients/openapi/lint.js", folder.Description));
        Findings.AssertNone(found.EnumerateObject().SelectMany(tool => Texts(tool.Value).Select(text => $"{tool.Name}: {text}")));
    }

    private static IEnumerable<string> Texts(JsonElement findings) => findings.EnumerateArray().Select(f => f.GetRawText());
}
