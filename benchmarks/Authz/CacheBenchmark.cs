using System.Diagnostics;
using Strata.Api.Auth;
using Strata.Core;
using static Strata.Authz.Benchmarks.Figures;

namespace Strata.Authz.Benchmarks;

/// <summary>
/// What a full cache of principals holds in memory, and what a change costs it: there are three (Strata tokens, access tokens, people's
/// sessions), and each holds so many at most, however many callers there are.
/// </summary>
internal static class CacheBenchmark
{
    private const int Permissions = 50;
    private const int Changes = 200;
    private const int Overfull = 3;

    public static void Run()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var cache = new PrincipalCache(TimeProvider.System);
        Fill(cache, 0);
        var full = GC.GetTotalMemory(forceFullCollection: true) - before;
        var times = new List<double>();
        for (var i = 0; i < Changes; i++)
        {
            var organization = TenantId.New(TimeProvider.System);
            var start = Stopwatch.GetTimestamp();
            cache.Invalidate(organization);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }
        for (var turn = 1; turn <= Overfull; turn++) Fill(cache, turn);
        var later = GC.GetTotalMemory(forceFullCollection: true) - before;
        Say($"a full cache: {PrincipalCache.Size} principals, {full / 1e6:0.0} MB, and {later / 1e6:0.0} MB after {Overfull + 1} times as many; a change by anyone: {Median(times):0} µs");
        GC.KeepAlive(cache);
    }

    /// <summary>Each of an organization of its own, with a right of its own in one project beside that of its roles.</summary>
    private static void Fill(PrincipalCache cache, int turn)
    {
        var ofRole = new HashSet<string>(Enumerable.Range(0, Permissions).Select(i => $"kind-{i}.read"));
        for (var i = 0; i < PrincipalCache.Size; i++)
        {
            var principal = new Principal
            {
                Tenant = TenantId.New(TimeProvider.System), Actor = $"client:{turn}-{i}", RoleNames = ["ROLE_M2M"],
                Grants =
                [
                    new Grant(ofRole, GrantScope.Organization),
                    new Grant(new HashSet<string>(ofRole), new GrantScope.OfProject($"prj_{i}")),
                ],
            };
            cache.Remember(TokenKey.Of($"token {turn} {i}"), EntityId.New(TimeProvider.System), principal, null, cache.State);
        }
    }
}
