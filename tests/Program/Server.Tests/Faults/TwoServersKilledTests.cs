using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Faults;

/// <summary>
/// Two servers on one PostgreSQL are killed in turn while clients create entities with keys and send again whatever failed to either of
/// them.
/// </summary>
public sealed class TwoServersKilledTests
{
    private const int BetweenKills = 80;

    /// <summary>Entities need neither of them, and each start waits for both.</summary>
    private static readonly string[] NoAgentNorEdge = ["--agent", "off", "--edge-mode", "off"];

    [Fact]
    public Task Killed_UnderKeyedCreates_EachKeyHasOneEntity() => KillInTurnAsync(kills: 1);

    [Fact, Trait("Duration", "Long")]
    public Task KilledInTurn_ForLong_EachKeyHasOneEntity() => KillInTurnAsync(kills: 16);

    private static async Task KillInTurnAsync(int kills)
    {
        await using var pair = await CloudPair.StartAsync();
        await pair.UpBothAsync(NoAgentNorEdge);
        await using var creates = await KeyedCreates.StartAsync(pair.First.Token, pair.First, pair.Second);
        for (var kill = 0; kill < kills; kill++)
        {
            var killed = kill % 2 == 0 ? pair.First : pair.Second;
            await creates.SomeMoreAsync(BetweenKills);
            await killed.KillAsync();
            await creates.SomeMoreAsync(BetweenKills); // the other one goes on
            (await pair.UpAsync(killed, NoAgentNorEdge)).ShouldSucceed();
        }
        await creates.SomeMoreAsync(BetweenKills);
        await creates.StopAsync();

        Assert.Empty(creates.Wrong);
        Assert.NotEqual(0, creates.Resent);
        var present = await creates.ListAsync(pair.First);
        // all that was acknowledged, once each, and nothing else
        Assert.Equal(creates.Acknowledged.OrderBy(a => a.Key).Select(a => (a.Key, a.Value)), present.Order());
        foreach (var id in creates.Acknowledged.Values.Chunk(7).Select(some => some[0]))
        {
            Assert.Equal(200, await creates.StatusOfAsync(pair.First, id));
            Assert.Equal(200, await creates.StatusOfAsync(pair.Second, id));
        }
    }
}
