using System.Diagnostics;

namespace Strata.Cli.Shell;

/// <summary>The browser of the desktop, where there is one.</summary>
internal static class Browser
{
    /// <summary>Shows an address, if someone sits there to see it.</summary>
    public static void ShowFor(Run run, string url)
    {
        if (run.Terminal.OutIsTerminal && HasDesktop() && IsOfTheWeb(url)) Show(url);
    }

    /// <summary>A server could name a file or a program's own scheme, which a desktop would open too.</summary>
    public static bool IsOfTheWeb(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is ("http" or "https");

    private static bool HasDesktop() =>
        !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("DISPLAY"))
            || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("WAYLAND_DISPLAY"));

    private static void Show(string url)
    {
        try
        {
            using var browser = Process.Start(new ProcessStartInfo("xdg-open", [url]) { RedirectStandardError = true });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            // No browser to be found; the address is printed.
        }
    }
}
