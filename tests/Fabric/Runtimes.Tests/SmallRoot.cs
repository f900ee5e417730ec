using System.Diagnostics;

namespace Strata.Runtimes.Tests;

/// <summary>A whole root file system as an image has one, of a few programs of this machine and the libraries that they need.</summary>
internal static class SmallRoot
{
    public static void Fill(string root, params string[] programs)
    {
        Directory.CreateDirectory(Path.Combine(root, "bin"));
        foreach (var program in programs)
        {
            var path = new[] { "/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/" }.Select(folder => folder + program).First(File.Exists);
            Copy(path, Path.Combine(root, "bin", program));
            foreach (var library in Libraries(path)) Copy(library, root + library);
        }
        Posixly.OpenForAll(root);
    }

    private static void Copy(string source, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        if (!File.Exists(target)) File.Copy(new FileInfo(source).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? source, target);
    }

    private static IEnumerable<string> Libraries(string program)
    {
        using var ldd = Process.Start(new ProcessStartInfo("ldd", [program]) { RedirectStandardOutput = true })!;
        var output = ldd.StandardOutput.ReadToEnd();
        return output.Split('\n').SelectMany(line => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
            .Where(word => word.StartsWith('/') && File.Exists(word));
    }
}
