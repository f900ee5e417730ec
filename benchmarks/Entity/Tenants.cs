namespace Strata.Entity.Benchmarks;

/// <summary>Many organizations, created as an operator creates them.</summary>
internal static class Tenants
{
    /// <summary>Creates them, each with the model "order" locked.</summary>
    /// <returns>One token of each.</returns>
    public static async Task<IReadOnlyList<string>> AddAsync(Cloud cloud, int count, string sample)
    {
        var tokens = new string[count];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 16 };
        await Parallel.ForAsync(0, count, parallel, async (i, _) => tokens[i] = await AddOneAsync(cloud, $"bench-{count}-{i}", sample));
        return tokens;
    }

    private static async Task<string> AddOneAsync(Cloud cloud, string name, string sample)
    {
        var organization = await cloud.SendAsync("POST", "/api/v1/organizations", $$$"""{"name":"{{{name}}}","spec":{}}""");
        var id = organization.GetProperty("id").GetString();
        var issued = await cloud.SendAsync("POST", $"/api/v1/tokens?org={id}", """{"name":"bench","spec":{"roles":["admin"]}}""");
        var token = issued.GetProperty("token").GetString()!;
        using var http = cloud.Client(token);
        await Cloud.SendAsync(http, "POST", "/api/model/import/JSON/SAMPLE_DATA/order/1", sample);
        await Cloud.SendAsync(http, "PUT", "/api/model/order/1/lock", null);
        return token;
    }
}
