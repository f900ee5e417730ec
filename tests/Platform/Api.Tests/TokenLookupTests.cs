using Strata.Contracts;
using Strata.Api.Auth;
using Strata.Api.Auth.Tokens;
using Strata.Api.Tests.Hosting;
using Strata.Core;
using Strata.Entities.Engine;

namespace Strata.Api.Tests;

/// <summary>
/// The check of a token while things change: a revocation that is heard in the middle of it, a database that says nothing.
/// </summary>
public sealed class TokenLookupTests : IAsyncLifetime
{
    private ApiHost host = null!;

    public async ValueTask InitializeAsync() => host = await ApiHost.StartAsync();

    public ValueTask DisposeAsync() => host.DisposeAsync();

    /// <summary>By its own id, and all of them, as when an organization is deleted.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Authenticate_RevokedWhileItIsRead_IsNotRemembered(bool byId)
    {
        var text = await host.TokenAsync(host.Org, "short", [Roles.Viewer]);
        Assert.True(TokenText.TryParse(text, out var parsed));
        var (log, reads) = HeldReads.Over(host.Log);
        var authenticator = new TokenAuthenticator(log, host.Tokens, host.RoleGrants, TimeProvider.System);
        reads.Hold();
        var looking = authenticator.AuthenticateAsync(text, default).AsTask();
        await reads.HeldAsync();
        Assert.True((await host.Tokens.DeleteAsync(new Caller(host.Org, "test"), "short", null, default)).IsOk);
        if (byId) authenticator.Invalidate(host.Org, parsed.Id);
        else authenticator.Invalidate(host.Org);
        reads.Release();
        Assert.True((await looking).IsOk); // it began before the revocation
        Assert.Equal("UNAUTHORIZED", (await authenticator.AuthenticateAsync(text, default)).Error?.Code);
    }

    /// <summary>In the middle of a look-up, and after it.</summary>
    [Fact]
    public async Task Authenticate_WhileOtherOrganizationsRevoke_IsRemembered()
    {
        var (log, reads) = HeldReads.Over(host.Log);
        var authenticator = new TokenAuthenticator(log, host.Tokens, host.RoleGrants, TimeProvider.System);
        reads.Hold();
        var looking = authenticator.AuthenticateAsync(host.AdminToken, default).AsTask();
        await reads.HeldAsync();
        authenticator.Invalidate(host.OtherOrg, EntityId.New(TimeProvider.System));
        authenticator.Invalidate(host.OtherOrg);
        reads.Release();
        Assert.True((await looking).IsOk);
        authenticator.Invalidate(host.OtherOrg);
        reads.Hold();
        Assert.True((await authenticator.AuthenticateAsync(host.AdminToken, default)).IsOk); // without a read
    }

    /// <summary>Reads are held, so that a token which is not remembered would not be answered.</summary>
    [Fact]
    public async Task Authenticate_AfterAllOfAnOrganizationWasForgotten_LooksAgain_ForThatOneOnly()
    {
        var theirs = await host.TokenAsync(host.OtherOrg, "theirs", [Roles.Viewer]);
        var (log, reads) = HeldReads.Over(host.Log);
        var authenticator = new TokenAuthenticator(log, host.Tokens, host.RoleGrants, TimeProvider.System);
        Assert.True((await authenticator.AuthenticateAsync(host.AdminToken, default)).IsOk);
        Assert.True((await authenticator.AuthenticateAsync(theirs, default)).IsOk);
        authenticator.Invalidate(host.OtherOrg);
        reads.Hold();
        Assert.True((await authenticator.AuthenticateAsync(host.AdminToken, default)).IsOk);
        var looking = authenticator.AuthenticateAsync(theirs, default).AsTask();
        await reads.HeldAsync();
        reads.Release();
        Assert.True((await looking).IsOk);
    }

    [Fact]
    public async Task Authenticate_WithNothingRevoked_IsRemembered()
    {
        var (log, reads) = HeldReads.Over(host.Log);
        var authenticator = new TokenAuthenticator(log, host.Tokens, host.RoleGrants, TimeProvider.System);
        Assert.True((await authenticator.AuthenticateAsync(host.AdminToken, default)).IsOk);
        reads.Hold();
        Assert.True((await authenticator.AuthenticateAsync(host.AdminToken, default)).IsOk); // without a read
    }

    [Fact]
    public async Task Authenticate_WhileTheDatabaseIsSilent_IsStorageUnavailable()
    {
        var (log, reads) = HeldReads.Over(host.Log);
        var time = new FakeTime();
        var authenticator = new TokenAuthenticator(log, host.Tokens, host.RoleGrants, time);
        reads.Hold();
        var looking = authenticator.AuthenticateAsync(host.AdminToken, default).AsTask();
        await Wait.UntilAsync(() => time.Waiting > 0, "the read has a deadline");
        time.Advance(StorageDeadline.Max);
        Assert.Equal("STORAGE_UNAVAILABLE", (await Assert.ThrowsAsync<StrataException>(() => looking)).Error.Code);
        reads.Release();
    }
}
