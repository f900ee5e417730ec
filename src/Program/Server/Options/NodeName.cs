using Strata.Core;

namespace Strata.Server.Options;

/// <summary>This machine's name as a node: its host name, in the characters that names may have.</summary>
internal static class NodeName
{
    public static string OfThisMachine()
    {
        var letters = Environment.MachineName.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-');
        var name = string.Concat(letters).Trim('-');
        if (name.Length == 0 || !char.IsAsciiLetter(name[0])) name = "node-" + name;
        name = name[..Math.Min(name.Length, ResourceName.LengthMax)].TrimEnd('-');
        return ResourceName.IsValid(name) ? name : "node";
    }
}
