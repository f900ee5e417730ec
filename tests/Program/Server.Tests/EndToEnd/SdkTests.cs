using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.EndToEnd;

/// <summary>
/// The client libraries' samples, each in its own language, against the program itself. A sample checks what it did and fails otherwise.
/// </summary>
public sealed class SdkTests(SharedCloud cloud)
{
    private const string Python = "/usr/bin/python3";

    [Fact]
    public async Task DotNet_Sample_FulfilsOrders() =>
        Check(await Script.RunAsync(
            Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../OrderFulfilment/debug/Strata.OrderFulfilment")), [],
            environment: Access));

    [Fact]
    public async Task TypeScript_Sample_FulfilsOrders() =>
        Check(await Script.RunAsync("node", ["dist/samples/order-fulfilment.js"], Sdk("typescript"), Access));

    [Fact]
    public async Task Python_Sample_FulfilsOrders() =>
        Check(await Script.RunAsync(Python, ["samples/order_fulfilment.py"], Sdk("python"), [.. Access, ("PYTHONPATH", Sdk("python"))]));

    [Fact]
    public async Task TypeScript_Resources_AreListedAndWatched() =>
        await Script.RunAsync("node", ["dist/test/resources.js"], Sdk("typescript"), Access);

    [Fact]
    public async Task Python_Resources_AreListedAndWatched() =>
        await Script.RunAsync(Python, ["tests/resources.py"], Sdk("python"), [.. Access, ("PYTHONPATH", Sdk("python"))]);

    /// <summary>Each library's own tests, which need no server.</summary>
    [Fact]
    public async Task UnitTests_OfTypeScriptAndPython_Pass()
    {
        var tests = new[] { "member", "feed", "sorting", "search", "context" }.Select(name => $"dist/test/{name}.test.js");
        await Script.RunAsync("node", ["--test", .. tests], Sdk("typescript"));
        await Script.RunAsync(Python, ["-m", "unittest", "discover", "-s", "tests"], Sdk("python"), ("PYTHONPATH", Sdk("python")));
    }

    private (string Name, string Value)[] Access => [("STRATA_URL", cloud.ApiUrl.ToString()), ("STRATA_TOKEN", cloud.Token)];

    private static string Sdk(string language) => Path.Combine(Script.Root, "sdk", language);

    private static void Check(string output)
    {
        Assert.Contains("written in the same transaction", output, StringComparison.Ordinal);
        Assert.Contains("waits for a REVIEW", output, StringComparison.Ordinal);
        Assert.Contains("nothing to pay", output, StringComparison.Ordinal);
    }
}
