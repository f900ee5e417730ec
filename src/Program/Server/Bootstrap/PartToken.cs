using Strata.Api.Auth;
using Strata.Api.Auth.Tokens;
using Strata.Contracts;
using Strata.Core;
using Strata.Core.Background;
using Strata.Entities.Engine;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Server.Bootstrap;

/// <summary>
/// The token of one of the cloud's own parts, an agent or an edge, in a file that only its owner reads. It is good for
/// <see cref="Lifetime"/>, and another secret takes its place after <see cref="RefreshAfter"/>, and when a server starts. There is one
/// token resource for each part, whatever the number of its secrets.
/// <para>Invariant: while the server works, the file's secret is accepted: a new one is before it is in the file, and the one before is
/// refused only once it is not there any more. After a failure the next call continues where it ended.</para>
/// </summary>
/// <param name="role">The part's role.</param>
/// <param name="name">Of its node.</param>
internal sealed class PartToken(
    TokenIssuer issuer, IAuthenticator authenticator, string role, string name, string path, TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);
    public static readonly TimeSpan RefreshAfter = TimeSpan.FromMinutes(20);

    /// <summary>A token that was revoked, and a machine that slept, must not wait for the next refresh.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(10);

    /// <summary>Short, because a part without a valid token is soon taken for lost.</summary>
    public static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(2);

    private static readonly Caller System = new(TenantId.Platform, "system:tokens");

    private readonly Turns turns = new();
    private volatile string? node;
    private string? text;
    private string? boundTo;
    private DateTimeOffset refreshAt;
    private string? withFormer; // id of the token whose former secret is still accepted

    private string TokenName => $"{role}-{name}";

    /// <summary>The file has a token that is accepted, is bound to this node and is good for long enough.</summary>
    /// <param name="node">Id of the node that it is bound to from now on; null: none.</param>
    public async Task EnsureAsync(string? node, CancellationToken cancellationToken)
    {
        this.node = node;
        try
        {
            await RefreshAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // As on a full disk. The part goes on with what the file has, and KeepAsync writes the new one when that is possible.
            if (text is null || await ReadAsync(cancellationToken) is not { } inFile
                || !(await authenticator.AuthenticateAsync(inFile, cancellationToken)).TryGet(out var holder, out _)
                || holder.Node != node) throw;
        }
    }

    /// <summary>Keeps the file's token so until cancelled.</summary>
    public async Task KeepAsync(SupervisedWork work, CancellationToken cancellationToken)
    {
        for (var pause = LookEvery; ;)
        {
            await Task.Delay(pause, time, cancellationToken);
            try
            {
                await RefreshAsync(cancellationToken);
                work.Succeeded();
                pause = LookEvery;
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                work.Failed(e);
                pause = RetryPause;
            }
        }
    }

    private async Task RefreshAsync(CancellationToken cancellationToken)
    {
        using var turn = await turns.TakeAsync(TokenName, cancellationToken);
        var inFile = await ReadAsync(cancellationToken);
        // One that could not be written yet is written first: another one would end the one in the file.
        var isDue = inFile == text && time.GetUtcNow() >= refreshAt;
        if (text is null || boundTo != node || isDue || !await IsAcceptedAsync(text, cancellationToken))
            await RotateAsync(node, inFile, cancellationToken);
        if (inFile != text) await PrivateFile.WriteAsync(path, text!, cancellationToken);
        if (withFormer is null) return;
        if ((await issuer.EndFormerAsync(System, withFormer, cancellationToken)).Error is { } error) throw error.ToException();
        withFormer = null;
    }

    /// <summary>The secret is known here before it is in the file: a write that failed is repeated and makes no further secret.</summary>
    private async Task RotateAsync(string? bound, string? inFile, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var spec = new TokenSpec { Roles = [role], Actor = $"{role}:{name}", Node = bound, ExpiresAt = now + Lifetime };
        var issued = await issuer.RotateAsync(
            System, new NewResource<TokenSpec> { Name = TokenName, Spec = spec }, inFile, cancellationToken);
        if (!issued.TryGet(out var token, out var error)) throw error.ToException();
        (text, boundTo, refreshAt, withFormer) = (token.Text, bound, now + RefreshAfter, token.Resource.Id);
    }

    /// <summary>False where it was revoked, or has expired while the machine slept.</summary>
    private async Task<bool> IsAcceptedAsync(string token, CancellationToken cancellationToken) =>
        (await authenticator.AuthenticateAsync(token, cancellationToken)).Error switch
        {
            null => true,
            { Kind: ErrorKind.Unauthenticated } => false,
            var error => throw error.ToException(), // not known now, as while the database is away
        };

    private async Task<string?> ReadAsync(CancellationToken cancellationToken) =>
        File.Exists(path) ? (await File.ReadAllTextAsync(path, cancellationToken)).Trim() : null;
}
