using System.Diagnostics;

namespace Strata.Core;

/// <summary>One at a time for each key. Holds nothing for a key that is neither taken nor waited for. Safe for concurrent use.</summary>
public sealed class Turns
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Turn> turns = new(StringComparer.Ordinal);

    /// <summary>Keys that are taken or waited for.</summary>
    public int Count
    {
        get
        {
            lock (gate) return turns.Count;
        }
    }

    /// <summary>Waits for the key's turn, which is held until it is disposed.</summary>
    public async ValueTask<IDisposable> TakeAsync(string key, CancellationToken cancellationToken)
    {
        var turn = Enter(key);
        try
        {
            await turn.Free.WaitAsync(cancellationToken);
            return turn;
        }
        catch (OperationCanceledException)
        {
            Leave(turn);
            throw;
        }
    }

    /// <summary>The key's turn, if it is neither taken nor waited for; null otherwise.</summary>
    public IDisposable? TryTake(string key)
    {
        lock (gate)
        {
            if (turns.ContainsKey(key)) return null;
            var turn = turns[key] = new Turn(this, key) { Users = 1 };
            var isFree = turn.Free.Wait(0);
            Debug.Assert(isFree, "A new turn is free.");
            return turn;
        }
    }

    private Turn Enter(string key)
    {
        lock (gate)
        {
            if (!turns.TryGetValue(key, out var turn)) turns[key] = turn = new Turn(this, key);
            turn.Users++;
            return turn;
        }
    }

    private void Leave(Turn turn)
    {
        lock (gate)
        {
            if (--turn.Users > 0) return;
            turns.Remove(turn.Key);
        }
        turn.Free.Dispose();
    }

    private sealed class Turn(Turns owner, string key) : IDisposable
    {
        public string Key => key;

        public SemaphoreSlim Free { get; } = new(1);

        /// <summary>The number of its holder and waiters; guarded by the owner's lock.</summary>
        public int Users { get; set; }

        public void Dispose()
        {
            Free.Release();
            owner.Leave(this);
        }
    }
}
