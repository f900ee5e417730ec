using System.Globalization;
using Strata.Contracts;
using Strata.Identity.Sessions;

namespace Strata.Identity.Pages;

/// <summary>What pages say in words.</summary>
internal static class PageText
{
    /// <summary>Where an organization grants nothing without a second factor; the page leads to the account.</summary>
    public const string SecondFactorNeeded =
        "You have not set it up. Add a passkey or an authenticator app to your account, and come back.";

    public static string Age(TimeSpan age) => age switch
    {
        { TotalSeconds: < 60 } => "just now",
        { TotalMinutes: < 60 } => Count((int)age.TotalMinutes, "minute"),
        { TotalHours: < 24 } => Count((int)age.TotalHours, "hour"),
        _ => Count((int)age.TotalDays, "day"),
    };

    /// <summary>What a session is of, as people know it.</summary>
    public static string ProgramOf(SessionSpec session) => session.Client == SessionClients.Browser
        ? BrowserOf(session.UserAgent) : SessionClients.NameOf(session.Client) + MachineOf(session.UserAgent);

    /// <summary>The command line says on which machine it is.</summary>
    private static string MachineOf(string? userAgent) => userAgent?.StartsWith("strata-cli/", StringComparison.Ordinal) == true
        && userAgent.Split('(', ')') is [_, var machine, ..] ? " on " + machine : "";

    /// <summary>From the name that browsers give themselves, which has those of their ancestors too.</summary>
    public static string BrowserOf(string? userAgent)
    {
        if (userAgent is null) return "A browser";
        (string Mark, string Name)[] browsers =
            [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
        (string Mark, string Name)[] systems =
        [
            ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
            ("Linux", "Linux"),
        ];
        var browser = browsers.FirstOrDefault(b => userAgent.Contains(b.Mark, StringComparison.Ordinal)).Name ?? "A browser";
        var system = systems.FirstOrDefault(s => userAgent.Contains(s.Mark, StringComparison.Ordinal)).Name;
        return system is null ? browser : $"{browser} on {system}";
    }

    private static string Count(int count, string unit) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {unit}{(count == 1 ? "" : "s")} ago");
}
