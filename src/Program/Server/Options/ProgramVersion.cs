using System.Reflection;

namespace Strata.Server.Options;

/// <summary>The version of this program, as its build says.</summary>
public static class ProgramVersion
{
    public static readonly string Text =
        typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
            ?? "0.0.0";
}
