namespace Strata.Certificates.Issuing;

/// <summary>
/// Bounds what the cloud asks public authorities for: an order may take minutes where a host's DNS is wrong, and all organizations share
/// one account, of which Let's Encrypt takes 300 orders in three hours. What was asked for is forgotten at a restart. Safe for concurrent
/// use.
/// </summary>
internal sealed class OrderPlaces(TimeProvider time)
{
    /// <summary>Orders at a time, of which an organization has at most <see cref="PerOrganizationMax"/>.</summary>
    public const int AtATimeMax = 8;

    public const int PerOrganizationMax = 3;

    /// <summary>In any hour.</summary>
    public const int PerHourMax = 90;

    public const int PerHourAndOrganizationMax = 60;

    private const int QuestionsMax = 2;
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan RoomPeriod = TimeSpan.FromSeconds(5);

    private readonly Lock gate = new();
    private readonly Dictionary<string, int> atWork = new(StringComparer.Ordinal);

    /// <summary>Begun within the last hour, the oldest first.</summary>
    private readonly Queue<(DateTimeOffset At, string Org)> begun = new();
    private int questions;

    /// <summary>Leave it by disposing of it.</summary>
    /// <param name="from">When to ask again.</param>
    /// <returns>Null: no place is free now.</returns>
    public IDisposable? TryEnter(string org, out DateTimeOffset from)
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            while (begun.TryPeek(out var oldest) && now - oldest.At >= Hour) begun.Dequeue();
            var own = begun.Where(b => b.Org == org).Select(b => b.At).ToList();
            if (begun.Count >= PerHourMax || own.Count >= PerHourAndOrganizationMax)
            {
                from = (own.Count >= PerHourAndOrganizationMax ? own[0] : begun.Peek().At) + Hour;
                return null;
            }
            from = now + RoomPeriod;
            var present = atWork.GetValueOrDefault(org);
            if (present >= PerOrganizationMax || atWork.Values.Sum() >= AtATimeMax) return null;
            atWork[org] = present + 1;
            begun.Enqueue((now, org));
            return new Place(() => Leave(org));
        }
    }

    /// <summary>As <see cref="TryEnter"/>, to ask an authority for advice, which it may take its time to give.</summary>
    public IDisposable? TryEnterQuestion()
    {
        if (Interlocked.Increment(ref questions) <= QuestionsMax) return new Place(() => Interlocked.Decrement(ref questions));
        Interlocked.Decrement(ref questions);
        return null;
    }

    private void Leave(string org)
    {
        lock (gate)
            if (--atWork[org] == 0) atWork.Remove(org);
    }

    private sealed class Place(Action leave) : IDisposable
    {
        public void Dispose() => leave();
    }
}
