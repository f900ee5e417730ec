Console.Error.WriteLine("strata");
