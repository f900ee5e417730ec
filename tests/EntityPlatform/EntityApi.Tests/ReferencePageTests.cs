using System.Text.Json;
using System.Text.RegularExpressions;
using Strata.Api.Tests.Hosting;
using Strata.EntityApi.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.EntityApi.Tests;

/// <summary>docs/entities/reference.md holds each operation that the API describes, with each parameter, and no other.</summary>
public sealed partial class ReferencePageTests
{
    [Fact]
    public async Task ReferencePage_HasEachOperationWithItsParameters_AndNoOther()
    {
        await using var host = await EntityHost.StartAsync(new MemoryStore());
        using var http = host.Client();
        var rows = (await File.ReadAllLinesAsync(Page())).Select(l => Row().Match(l)).Where(m => m.Success)
            .ToDictionary(m => m.Groups["operation"].Value, m => m.Value);
        var described = new List<string>();
        foreach (var path in (await http.SendJsonAsync("GET", "/openapi.json")).Body.GetProperty("paths").EnumerateObject()
            .Where(p => IsOurs(p.Name)))
        {
            foreach (var operation in path.Value.EnumerateObject())
                described.Add(Check($"{operation.Name.ToUpperInvariant()} {path.Name}", operation.Value, rows));
        }
        Assert.Empty(rows.Keys.Except(described));
    }

    private static string Check(string name, JsonElement operation, Dictionary<string, string> rows)
    {
        if (!rows.ContainsKey(name)) name = Format().Replace(name, "/{format}"); // the description has a path for each
        Assert.True(rows.TryGetValue(name, out var row), $"docs/entities/reference.md lacks {name}");
        foreach (var parameter in operation.TryGetProperty("parameters", out var all) ? all.EnumerateArray() : [])
        {
            var isOfAll = parameter.GetProperty("name").GetString() == "org"; // told once, at the top of the page
            if (parameter.GetProperty("in").GetString() != "path" && !isOfAll)
                Assert.Contains($"`{parameter.GetProperty("name").GetString()}`", row, StringComparison.Ordinal);
        }
        return name;
    }

    private static bool IsOurs(string path) => path.StartsWith("/api/v1/webhooks", StringComparison.Ordinal)
        || (path.StartsWith("/api/", StringComparison.Ordinal) && !path.StartsWith("/api/v1", StringComparison.Ordinal));

    private static string Page()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Strata.slnx"))) folder = folder.Parent;
        return Path.Combine(folder.FullName, "docs/entities/reference.md");
    }

    [GeneratedRegex("/(JSON|XML)(?=/|$)")]
    private static partial Regex Format();

    [GeneratedRegex(@"^\| `(?<operation>(GET|PUT|POST|PATCH|DELETE) /api[^`]*)` \|.*$")]
    private static partial Regex Row();
}
