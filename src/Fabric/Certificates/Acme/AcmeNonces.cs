namespace Strata.Certificates.Acme;

/// <summary>
/// Nonces that answers brought, for the next requests: the newest first, because servers forget old ones. Holds at most
/// <see cref="CountMax"/>. Safe for concurrent use; each nonce is taken once.
/// </summary>
internal sealed class AcmeNonces
{
    public const int CountMax = 16;

    private readonly Lock gate = new();
    private readonly LinkedList<string> kept = [];

    /// <param name="nonce">Null: nothing is added.</param>
    public void Add(string? nonce)
    {
        if (nonce is null) return;
        lock (gate)
        {
            kept.AddFirst(nonce);
            if (kept.Count > CountMax) kept.RemoveLast();
        }
    }

    /// <returns>Null where none is left.</returns>
    public string? Take()
    {
        lock (gate)
        {
            var nonce = kept.First?.Value;
            if (nonce is not null) kept.RemoveFirst();
            return nonce;
        }
    }

    public void Clear()
    {
        lock (gate) kept.Clear();
    }
}
