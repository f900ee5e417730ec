using System.Security.Cryptography;
using Strata.Core;
using Strata.Server.Options;

namespace Strata.Server.Bootstrap;

/// <summary>
/// Who this server and its node are, made once and kept in the data folder: two machines of one host name, or two servers on one machine,
/// must not take each other's node or tokens.
/// </summary>
/// <param name="NodeName">The host's name and six letters of the id. Data folders from before keep the plain host name.</param>
internal sealed record ServerIdentity(string ServerId, string NodeName)
{
    /// <summary>Of the server's resource.</summary>
    public string ServerName => NewName(ServerId);

    private const int IdBytes = 16;
    private const int SuffixLength = 6;

    public static ServerIdentity Open(HomeLayout home)
    {
        var id = Keep(home.ServerIdFile, () => RandomNumberGenerator.GetHexString(IdBytes * 2, lowercase: true));
        return new ServerIdentity(
            id, Keep(home.NodeNameFile, () => File.Exists(home.AgentTokenFile) ? Options.NodeName.OfThisMachine() : NewName(id)));
    }

    private static string NewName(string id)
    {
        var host = Options.NodeName.OfThisMachine();
        return host[..Math.Min(host.Length, ResourceName.LengthMax - SuffixLength - 1)].TrimEnd('-') + "-" + id[..SuffixLength];
    }

    private static string Keep(string path, Func<string> make)
    {
        if (File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } kept) return kept;
        var made = make();
        PrivateFile.Write(path, made);
        return made;
    }
}
