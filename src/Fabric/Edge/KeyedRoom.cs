namespace Strata.Edge;

/// <summary>
/// Places that are bounded in all and for each key, such as an organization by its id as the table has it. Beyond the bound no one waits:
/// the caller decides what happens. Safe for concurrent use.
/// </summary>
internal sealed class KeyedRoom(int max, int perKeyMax)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, int> byKey = new(StringComparer.Ordinal);
    private int count;

    /// <summary>Places taken.</summary>
    public int Count => Volatile.Read(ref count);

    /// <summary>Takes a place, which <see cref="Leave"/> gives back. False: there is no room.</summary>
    public bool TryEnter(string key)
    {
        lock (gate)
        {
            var ofKey = byKey.GetValueOrDefault(key);
            if (count >= max || ofKey >= perKeyMax) return false;
            count++;
            byKey[key] = ofKey + 1;
            return true;
        }
    }

    public void Leave(string key)
    {
        lock (gate)
        {
            count--;
            if (--byKey[key] is var left && left == 0) byKey.Remove(key);
        }
    }
}
