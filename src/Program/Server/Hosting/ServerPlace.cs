using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Strata.Server.Hosting;

/// <summary>
/// Where a server runs: the same for each start from one data folder until the machine is booted again, and another one for a copy of the
/// folder, on this machine or on a clone of it. A machine's boot id rather than its machine id: clones share the latter, and containers
/// often have none.
/// </summary>
internal static class ServerPlace
{
    private const string BootIdFile = "/proc/sys/kernel/random/boot_id";
    private const int Bytes = 16;

    /// <returns>32 hex digits, from which nothing of the machine can be found.</returns>
    public static string Of(string folder)
    {
        var file = DataFolder.FileIdOf(folder);
        var boot = file == default ? Unknown() : BootId();
        var text = string.Create(CultureInfo.InvariantCulture, $"strata place 1\n{boot}\n{file.Device}\n{file.Inode}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, Bytes));
    }

    /// <summary>If the system does not say, no two starts have the same place: each waits for the lease of the one before.</summary>
    private static string Unknown() => RandomNumberGenerator.GetHexString(Bytes * 2);

    private static string BootId()
    {
        try
        {
            return File.ReadAllText(BootIdFile).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Unknown();
        }
    }
}
