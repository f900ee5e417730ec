using System.Collections.Concurrent;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Entities.Engine;

/// <summary>The transactions of this server that members may join now, by their tokens. Safe for concurrent use.</summary>
/// <param name="server">The id that tokens carry; null: none.</param>
internal sealed class JoinTokens(string? server)
{
    private readonly ConcurrentDictionary<string, JoinedCall> open = new(StringComparer.Ordinal);

    public (string Token, JoinedCall Call) Open(TenantId tenant, EntityTransaction transaction)
    {
        var (token, call) = (JoinToken.New(server), new JoinedCall(tenant, transaction));
        open[token] = call;
        return (token, call);
    }

    public void Close(string token) => open.TryRemove(token, out _);

    /// <summary>
    /// Does the work in the transaction that the caller joins; TRANSACTION_NOT_FOUND if its token is not valid, or no longer valid, in the
    /// caller's tenant.
    /// </summary>
    public ValueTask<Result<T>> RunAsync<T>(
        Caller caller, Func<EntityTransaction, CancellationToken, ValueTask<Result<T>>> work, CancellationToken cancellationToken) =>
        open.TryGetValue(caller.Join!, out var call) && call.Tenant == caller.Tenant
            ? call.RunAsync(caller, work, cancellationToken) : new(EngineErrors.NothingToJoin());
}
