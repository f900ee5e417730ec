using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using NSec.Cryptography;
using Strata.Benchmarks;
using Strata.Entity.Benchmarks;
using Strata.SignIn.Benchmarks;

// Sign-ins with a password by the whole cloud, against the hash of the password (Argon2id) alone, in turns: the hash is meant to be slow,
// and nothing else should count. Then whether one sign-in costs more where there are more people and organizations. Usage: ./bench sign-in
// [--seconds N] [--rounds N] [--few N] [--many N] [--full]: people, and as many organizations. --full: 5,000.

const int AtOnce = 2; // as the cloud hashes
var duration = TimeSpan.FromSeconds(Option("--seconds", 5));
var rounds = Option("--rounds", 5);
var (few, many) = (Option("--few", 50), Option("--many", args.Contains("--full") ? 5_000 : 400));

await using var cloud = await Cloud.StartAsync();
using var people = new People(cloud);
await people.GrowAsync(few, few);
await Load.RunAsync(AtOnce, TimeSpan.FromSeconds(1), (_, _) => people.SignInAsync()); // warm
var (ours, limits) = (new List<Rate>(), new List<Rate>());
for (var round = 1; round <= rounds; round++)
{
    ours.Add(await Load.RunAsync(AtOnce * 2, duration, (_, _) => people.SignInAsync()));
    limits.Add(await Load.RunAsync(AtOnce, duration, (_, _) => HashAsync()));
    Say($"round {round}: sign-ins {ours[^1]}; Argon2id alone {limits[^1]}; ratio {ours[^1].PerSecond / limits[^1].PerSecond:0.00}");
}
var before = await OneAsync();
await people.GrowAsync(many, many);
var after = await OneAsync();
Say($"one sign-in at a time: {before.MedianMs:0.0} ms among {few} people and organizations, {after.MedianMs:0.0} ms among {many}; ratio {after.MedianMs / before.MedianMs:0.00}");
var ratio = Median(ours.Select((r, i) => r.PerSecond / limits[i].PerSecond));
Say($"RESULT name=sign-in ours={Median(ours.Select(r => r.PerSecond)):0.0} peer={Median(limits.Select(r => r.PerSecond)):0.0} ratio={ratio:0.00} growth={after.MedianMs / before.MedianMs:0.00}");

Task<Rate> OneAsync() => Load.RunAsync(1, duration, (_, _) => people.SignInAsync());

// The same parameters as src/Platform/Identity/Passwords/PasswordHasher.cs.
static ValueTask HashAsync()
{
    var algorithm = new Argon2id(new Argon2Parameters { DegreeOfParallelism = 1, MemorySize = 19_456, NumberOfPasses = 2 });
    algorithm.DeriveBytes(Encoding.UTF8.GetBytes("correct horse battery"), RandomNumberGenerator.GetBytes(16), 32);
    return default;
}

static double Median(IEnumerable<double> values)
{
    var sorted = values.Order().ToArray();
    return sorted[sorted.Length / 2];
}

static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

int Option(string name, int fallback) =>
    Array.IndexOf(args, name) is >= 0 and var i && i + 1 < args.Length ? int.Parse(args[i + 1], CultureInfo.InvariantCulture) : fallback;
