using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Strata.House.Tests;

/// <summary>The built assemblies of modules, read without loading them.</summary>
internal static class Assemblies
{
    private const string Prefix = "Strata.";

    /// <summary>Modules that an assembly references, and what those reference, itself included.</summary>
    public static IReadOnlySet<string> ReachedFrom(string module)
    {
        var reached = new HashSet<string>();
        var next = new Queue<string>([module]);
        while (next.TryDequeue(out var name))
        {
            if (!reached.Add(name)) continue;
            foreach (var used in ReferencesOf(name)) next.Enqueue(used);
        }
        return reached;
    }

    private static List<string> ReferencesOf(string module)
    {
        var path = Path.Combine(Repository.Root, "artifacts", "bin", module, "debug", $"{Prefix}{module}.dll");
        using var file = new PEReader(File.OpenRead(path));
        var metadata = file.GetMetadataReader();
        return
        [
            .. metadata.AssemblyReferences
                .Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))
                .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
                .Select(name => name[Prefix.Length..]),
        ];
    }
}
