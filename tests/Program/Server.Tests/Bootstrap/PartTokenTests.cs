using Microsoft.Extensions.Logging.Abstractions;
using Strata.Api.Auth;
using Strata.Api.Auth.CustomRoles;
using Strata.Api.Auth.Tokens;
using Strata.Contracts;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Definitions;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;
using Strata.Server.Bootstrap;
using Strata.Storage.Memory;

namespace Strata.Server.Tests.Bootstrap;

/// <summary>The file's token of an edge, while hours pass.</summary>
public sealed class PartTokenTests : IAsyncDisposable
{
    private static readonly Caller Caller = new(TenantId.Platform, "test");

    private readonly FakeTime time = new();
    private readonly string folder = Directory.CreateTempSubdirectory("strata-part-").FullName;
    private readonly ResourceStore<TokenSpec, TokenStatus> tokens;
    private readonly TokenAuthenticator authenticator;
    private readonly TokenIssuer issuer;
    private readonly Supervisor supervisor;

    public PartTokenTests()
    {
        IReadOnlyList<Kind> kinds = [OrganizationKind.Kind, ProjectKind.Kind, RoleKind.Kind, TokenKind.Kind];
        var log = new MemoryLog(time);
        var engine = new EntityEngine(
            log, new StaticDefinitions(kinds.Select(k => k.Definition)), new InProcessComputation([], []), time);
        tokens = new(engine, TokenKind.Kind, time);
        authenticator = new(log, tokens, new RoleGrants(new RoleCatalog(kinds, []), new(engine, RoleKind.Kind, time), log), time);
        issuer = new TokenIssuer(tokens, authenticator);
        supervisor = new Supervisor(time, NullLogger<Supervisor>.Instance);
    }

    private string FilePath => Path.Combine(folder, "edge.token");

    private string InFile => File.ReadAllText(FilePath);

    public async ValueTask DisposeAsync()
    {
        await supervisor.StopAllAsync();
        Folder.Delete(folder);
    }

    [Fact]
    public async Task Ensure_AtAStart_WritesATokenThatExpires_ForItsOwnerOnly()
    {
        await Part().EnsureAsync(null, default);
        Assert.True(await IsAcceptedAsync(InFile));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        var token = Assert.Single(await AllAsync());
        Assert.Equal(("edge-here", time.GetUtcNow() + PartToken.Lifetime), (token.Name, token.Spec.ExpiresAt!.Value));
        time.Advance(PartToken.Lifetime);
        Assert.False(await IsAcceptedAsync(InFile));
    }

    /// <summary>The one before is refused at once, also when it was kept by a server from before tokens expired.</summary>
    [Fact]
    public async Task Ensure_AtALaterStart_ReplacesTheFormerTermsToken()
    {
        var kept = await issuer.IssueAsync(
            Caller, new NewResource<TokenSpec> { Name = "edge-here", Spec = new TokenSpec { Roles = [Roles.Edge] } }, default);
        await File.WriteAllTextAsync(FilePath, kept.Value.Text);
        var seen = new List<string> { kept.Value.Text };
        for (var term = 0; term < 3; term++)
        {
            await Part().EnsureAsync(null, default);
            Assert.True(await IsAcceptedAsync(InFile));
            foreach (var former in seen) Assert.False(await IsAcceptedAsync(former));
            seen.Add(InFile);
            time.Advance(TimeSpan.FromHours(3));
        }
        Assert.Single(await AllAsync());
    }

    [Fact]
    public async Task Keep_OverHours_AlwaysHasAnAcceptedToken_AndOneResource()
    {
        var part = Part();
        await part.EnsureAsync(null, default);
        supervisor.Start("test", part.KeepAsync);
        var seen = new List<string> { InFile };
        for (var look = 0; look < 6 * 60 * 3; look++)
        {
            await LookAsync();
            if (!seen.Contains(InFile)) seen.Add(InFile);
            Assert.True(await IsAcceptedAsync(InFile));
        }
        Assert.InRange(seen.Count, 9, 10);
        foreach (var former in seen[..^1]) Assert.False(await IsAcceptedAsync(former));
        var status = Assert.Single(await AllAsync()).Status;
        Assert.Null(status.FormerSecretHash);
    }

    [Fact]
    public async Task Keep_TokenThatWasRevoked_IsReplaced_AndStaysRefused()
    {
        var part = Part();
        await part.EnsureAsync(null, default);
        supervisor.Start("test", part.KeepAsync);
        var revoked = InFile;
        Assert.True(await issuer.RevokeAsync(Caller, "edge-here", default));
        Assert.False(await IsAcceptedAsync(revoked));
        await LookAsync();
        Assert.NotEqual(revoked, InFile);
        Assert.True(await IsAcceptedAsync(InFile));
        Assert.False(await IsAcceptedAsync(revoked));
    }

    /// <summary>As on a full disk.</summary>
    [Fact]
    public async Task Keep_FileThatCannotBeWritten_LeavesTheFormerTokenAccepted_UntilItIs()
    {
        var part = Part();
        await part.EnsureAsync(null, default);
        var work = supervisor.Start("test", part.KeepAsync);
        var former = InFile;
        var inTheWay = Directory.CreateDirectory(FilePath + ".new");
        await Wait.UntilAsync(() => time.Waiting > 0, "it waits");
        time.Advance(PartToken.RefreshAfter);
        for (var tries = 0; tries < 3; tries++) await LookAsync();
        Assert.Equal(WorkState.Failing, work.Health.State);
        Assert.Equal(former, InFile);
        Assert.True(await IsAcceptedAsync(former));
        Assert.Single(await AllAsync());
        // Neither the next refresh nor the next server ends the one in the file.
        time.Advance(PartToken.RefreshAfter);
        await LookAsync();
        Assert.True(await IsAcceptedAsync(former));
        await Part().EnsureAsync(null, default);
        Assert.True(await IsAcceptedAsync(former));
        Assert.Equal(former, InFile);
        inTheWay.Delete();
        await LookAsync();
        Assert.NotEqual(former, InFile);
        Assert.True(await IsAcceptedAsync(InFile));
        Assert.False(await IsAcceptedAsync(former));
        Assert.Equal(WorkState.Running, work.Health.State);
    }

    [Fact]
    public async Task Ensure_ForAnotherNode_BindsTheTokenToIt()
    {
        var part = Part();
        foreach (var node in (string[])["nod_1", "nod_2", "nod_2"])
        {
            await part.EnsureAsync(node, default);
            Assert.Equal(node, (await authenticator.AuthenticateAsync(InFile, default)).Value.Node);
        }
        Assert.Single(await AllAsync());
    }

    private PartToken Part() => new(issuer, authenticator, Roles.Edge, "here", FilePath, time);

    /// <summary>Lets it look once, and waits until it has.</summary>
    private async Task LookAsync()
    {
        await Wait.UntilAsync(() => time.Waiting > 0, "it waits");
        time.Advance(PartToken.LookEvery);
        await Wait.UntilAsync(() => time.Waiting > 0, "it has looked");
    }

    private async Task<bool> IsAcceptedAsync(string token) => (await authenticator.AuthenticateAsync(token, default)).IsOk;

    private async Task<List<Resource<TokenSpec, TokenStatus>>> AllAsync()
    {
        var all = new List<Resource<TokenSpec, TokenStatus>>();
        await foreach (var token in tokens.AllAsync(TenantId.Platform, null, default)) all.Add(token);
        return all;
    }
}
