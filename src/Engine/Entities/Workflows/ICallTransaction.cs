namespace Strata.Entities.Workflows;

/// <summary>
/// The transaction that a call lends to the member it calls, to read and write in until the answer. Safe for concurrent use.
/// </summary>
public interface ICallTransaction
{
    /// <summary>
    /// Opens the transaction to one member, by a token that cannot be guessed. A member that had an earlier token for the same call is
    /// removed from the transaction, and its work there is undone. The token ends with the call; what was done by it stays only where a
    /// processor succeeds.
    /// </summary>
    /// <exception cref="OperationCanceledException">The call was abandoned.</exception>
    ValueTask<string> OfferAsync();
}
