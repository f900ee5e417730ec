using System.Diagnostics.CodeAnalysis;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

/// <summary>
/// Opens a transaction for the time of one call, to one member after another as the call is retried. The engine ends it, not the member: a
/// call that timed out may still be running.
/// </summary>
[SuppressMessage("Reliability", "CA1001",
    Justification = "The member it was lent to may be late, and the semaphore holds no system resource unless its wait handle is used.")]
internal sealed class CallTransaction(TenantId tenant, EntityTransaction transaction, JoinTokens tokens) : ICallTransaction
{
    private readonly SemaphoreSlim turn = new(1);
    private (string Token, JoinedCall Call)? open;
    private bool hasEnded;

    public async ValueTask<string> OfferAsync()
    {
        await turn.WaitAsync();
        try
        {
            if (hasEnded) throw new OperationCanceledException("The call has ended.");
            await CloseAsync(keep: false);
            open = tokens.Open(tenant, transaction);
            return open.Value.Token;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <param name="keep">Whether what the last member did in the transaction stays.</param>
    public async ValueTask EndAsync(bool keep)
    {
        await turn.WaitAsync();
        hasEnded = true;
        await CloseAsync(keep);
        turn.Release();
    }

    private async ValueTask CloseAsync(bool keep)
    {
        if (open is not { } last) return;
        tokens.Close(last.Token);
        await last.Call.EndAsync(keep);
        open = null;
    }
}
