using System.Text;

namespace Strata.Api.Peers;

/// <summary>
/// One request on its way to a connection. Until its headers are written it has certainly not been sent, and may be given up; after that it
/// is no longer touched. Safe for concurrent use.
/// </summary>
internal sealed class PeerDispatch : IDisposable
{
    private const int Waiting = 0;
    private const int Sent = 1;
    private const int GivenUp = 2;

    private static readonly HttpRequestOptionsKey<PeerDispatch> Key = new("strata.peer.dispatch");

    private readonly CancellationTokenSource ending;
    private readonly ITimer deadline;
    private readonly CancellationTokenRegistration resting;
    private int state;

    /// <param name="connectMax">From now until it has a connection.</param>
    /// <param name="resting">Cancelled when the server turns out to be away.</param>
    public PeerDispatch(HttpRequestMessage request, TimeSpan connectMax, TimeProvider time, CancellationToken resting,
        CancellationToken cancellationToken)
    {
        ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Token = ending.Token;
        request.Options.Set(Key, this);
        deadline = time.CreateTimer(static x => ((PeerDispatch)x!).GiveUp(), this, connectMax, Timeout.InfiniteTimeSpan);
        this.resting = resting.UnsafeRegister(static x => ((PeerDispatch)x!).GiveUp(), this);
    }

    public CancellationToken Token { get; }

    public bool WasSent => Volatile.Read(ref state) == Sent;

    /// <summary>
    /// The handler asks for an encoding when it is about to write a header to a connection, which shows that the request has one. The
    /// encoding is the one in which headers are read.
    /// </summary>
    /// <exception cref="OperationCanceledException">The request was given up a moment ago.</exception>
    public static Encoding? OnHeader(string name, HttpRequestMessage request)
    {
        if (request.Options.TryGetValue(Key, out var dispatch)) dispatch.Begin();
        return Encoding.UTF8;
    }

    public void Dispose()
    {
        resting.Dispose();
        deadline.Dispose();
        ending.Dispose();
    }

    private void Begin()
    {
        if (Interlocked.CompareExchange(ref state, Sent, Waiting) == GivenUp) throw new OperationCanceledException(Token);
    }

    private void GiveUp()
    {
        if (Interlocked.CompareExchange(ref state, GivenUp, Waiting) != Waiting) return;
        try
        {
            ending.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It has just ended by itself.
        }
    }
}
