namespace Strata.Runtimes.Network;

/// <summary>
/// Which host numbers of the subnet are taken. Each run writes its number into its own folder, so that the pool is rebuilt from the folders
/// at a start. Numbers are handed out in a circle: one that was just given back rests, because connections to its former owner may still be
/// open.
/// </summary>
internal sealed class AddressPool
{
    private const int First = 2;
    private const int Last = Subnet.HostMax - 1;

    /// <summary>Never handed out: for the trial run at a start, when it is not yet known what is taken.</summary>
    public const int Trial = Subnet.HostMax;

    private readonly Lock gate = new();
    private readonly Dictionary<int, string> owners = [];
    private int last = First - 1;

    /// <summary>Null when all are taken.</summary>
    /// <param name="owner">Id of the run.</param>
    public int? Take(string owner)
    {
        lock (gate)
        {
            for (var tries = 0; tries <= Last - First; tries++)
            {
                last = last >= Last ? First : last + 1;
                if (owners.TryAdd(last, owner)) return last;
            }
            return null;
        }
    }

    /// <summary>Marks one as taken that a former life handed out.</summary>
    public void Adopt(int host, string owner)
    {
        lock (gate)
        {
            owners[host] = owner;
            last = Math.Max(last, host);
        }
    }

    /// <summary>Gives one back. No effect when it is another's by now, so that giving back twice is harmless.</summary>
    public void Release(int host, string owner)
    {
        lock (gate)
        {
            if (owners.GetValueOrDefault(host) == owner) owners.Remove(host);
        }
    }
}
