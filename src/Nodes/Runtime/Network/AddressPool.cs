namespace Strata.Nodes.Runtime.Network;

/// <summary>
/// Which host numbers of the subnet are taken. Each run writes its number into its own folder, so that the pool is rebuilt from the folders at a start. Numbers are
/// handed out in a circle: one that was just given back rests, because connections to its former owner may still be open.
/// </summary>
internal sealed class AddressPool
{
    private const int First = 2;
    private const int Last = Subnet.HostMax - 1;

    /// <summary>Never handed out: for the trial run at a start, when it is not yet known what is taken.</summary>
    public const int Trial = Subnet.HostMax;

    private readonly Lock gate = new();
    private readonly HashSet<int> taken = [];
    private int last = First - 1;

    /// <summary>Null when all are taken.</summary>
    public int? Take()
    {
        lock (gate)
        {
            for (var tries = 0; tries <= Last - First; tries++)
            {
                last = last >= Last ? First : last + 1;
                if (taken.Add(last)) return last;
            }
            return null;
        }
    }

    /// <summary>Marks one as taken that a former life handed out.</summary>
    public void Adopt(int host)
    {
        lock (gate)
        {
            taken.Add(host);
            last = Math.Max(last, host);
        }
    }

    public void Release(int host)
    {
        lock (gate) taken.Remove(host);
    }
}
