using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Entities.Engine;

/// <summary>
/// Turns of commits that change one model: those of this server that have met once go one after another from there on, instead of refusing
/// each other again and again. Models may share a turn. Safe for concurrent use.
/// </summary>
internal sealed class ModelTurns
{
    private const int Count = 64;

    private readonly SemaphoreSlim[] turns = [.. Enumerable.Range(0, Count).Select(_ => new SemaphoreSlim(1))];

    public async ValueTask<Turn> TakeAsync(EntityId model, CancellationToken cancellationToken)
    {
        var turn = turns[(uint)model.GetHashCode() % Count];
        await turn.WaitAsync(cancellationToken);
        return new Turn(turn);
    }

    /// <summary>Over when disposed.</summary>
    public readonly struct Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
