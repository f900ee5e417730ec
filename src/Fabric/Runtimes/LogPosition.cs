using System.Globalization;
using Strata.Core;

namespace Strata.Runtimes;

/// <summary>
/// How many bytes of a log have been shipped; kept beside it in <c>ID.log.position</c>, so that a restart ships nothing twice and loses
/// nothing.
/// </summary>
public static class LogPosition
{
    public static string PathOf(string log) => log + ".position";

    public static long Load(string log)
    {
        try
        {
            return long.Parse(File.ReadAllText(PathOf(log)), NumberStyles.None, CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or FormatException or OverflowException)
        {
            return 0;
        }
    }

    public static void Save(string log, long position) => AtomicFile.Write(PathOf(log), position.ToString(CultureInfo.InvariantCulture));
}
