using Strata.Api.Peers;
using Strata.Core;

namespace Strata.Api.Tests;

/// <summary>The memory of used tokens, at its bounds.</summary>
public sealed class PeerNoncesTests
{
    private const int Max = 16_000;

    private static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(90);

    private readonly FakeTime time = new();
    private readonly PeerNonces nonces;

    public PeerNoncesTests() => nonces = new PeerNonces(time, KeptFor, Max, platformMax: 10);

    [Fact]
    public void TryUse_AReplay_IsUsed_UntilNoTokenOfThatTimeIsValid()
    {
        var nonce = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
        Assert.Equal(NonceUse.Fresh, nonces.TryUse(Org(1), nonce));
        Assert.Equal(NonceUse.Used, nonces.TryUse(Org(1), nonce));
        time.Advance(KeptFor);
        Assert.Equal(NonceUse.Used, nonces.TryUse(Org(2), nonce));
        time.Advance(KeptFor * 2);
        Assert.Equal(NonceUse.Fresh, nonces.TryUse(Org(1), nonce));
    }

    [Fact]
    public void TryUse_WhenOneOrganizationFloods_RefusesThatOneOnly()
    {
        Assert.Equal(Max / 2, Flood(Org(1)));
        Assert.Equal(NonceUse.Full, nonces.TryUse(Org(1), Guid.CreateVersion7(TimeProvider.System.GetUtcNow())));
        Assert.Equal(PeerNonces.FewMax, Flood(Org(2), PeerNonces.FewMax));
    }

    [Fact]
    public void TryUse_WhenTwoOrganizationsFlood_LeavesSomeForOthers_AndAllForTheServersThemselves()
    {
        Assert.Equal(Max - Max / 8, Flood(Org(1)) + Flood(Org(2)));
        Assert.Equal(PeerNonces.FewMax, Flood(Org(3)));
        Assert.Equal(10, Flood(TenantId.Platform));
        Assert.Equal(NonceUse.Fresh, nonces.TryUse(Org(4), Guid.CreateVersion7(TimeProvider.System.GetUtcNow())));
    }

    [Fact]
    public void TryUse_WhenThePlatformsShareIsFull_StillServesOrganizations()
    {
        Assert.Equal(10, Flood(TenantId.Platform));
        Assert.Equal(NonceUse.Fresh, nonces.TryUse(Org(1), Guid.CreateVersion7(TimeProvider.System.GetUtcNow())));
    }

    [Fact]
    public void TryUse_WhenFull_HasRoomAgain_OnceTheGenerationHasTurned()
    {
        var nonce = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
        Assert.Equal(NonceUse.Fresh, nonces.TryUse(Org(1), nonce));
        Flood(Org(1));
        time.Advance(KeptFor);
        Assert.Equal(NonceUse.Fresh, nonces.TryUse(Org(1), Guid.CreateVersion7(TimeProvider.System.GetUtcNow())));
        Assert.Equal(NonceUse.Used, nonces.TryUse(Org(1), nonce));
    }

    [Fact]
    public async Task TryUse_OfOneNonceByMany_IsFreshOnce()
    {
        for (var round = 0; round < 200; round++)
        {
            var nonce = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
            var uses = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => nonces.TryUse(Org(1), nonce))));
            Assert.Single(uses, NonceUse.Fresh);
        }
    }

    private static TenantId Org(int number) => new(new Guid(number, 0, 0, new byte[8]));

    /// <summary>How many were accepted.</summary>
    private int Flood(TenantId tenant, int max = Max + 1)
    {
        for (var count = 0; count < max; count++)
        {
            if (nonces.TryUse(tenant, Guid.CreateVersion7(TimeProvider.System.GetUtcNow())) != NonceUse.Fresh) return count;
        }
        return max;
    }
}
